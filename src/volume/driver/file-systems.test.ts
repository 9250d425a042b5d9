import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import { asked, useVolumes } from "../testing.ts";
import { LocalDriver } from "./local.ts";
import type { MountJob } from "./mount-job.ts";
import { MountFailure, type Mounter } from "./mounter.ts";

const at = useVolumes();

const makers = {
  ext4: { program: "/usr/sbin/mkfs.ext4", flags: ["-q", "-m", "0"], megabytes: 16 },
  btrfs: { program: "/usr/sbin/mkfs.btrfs", flags: ["-q", "-M"], megabytes: 120 },
} as const;

describe.each(Object.entries(makers))("a volume on a disk of its own, with %s", (type, { program, flags, megabytes }) => {
  let device = "";

  beforeEach(() => {
    if (!existsSync(program)) return;
    const image = join(at().base, "image");
    writeFileSync(image, "");
    truncateSync(image, megabytes << 20);
    execFileSync(program, [...flags, image], { stdio: "ignore" });
    device = execFileSync("losetup", ["-f", "--show", image], { encoding: "utf8" }).trim();
  });
  afterEach(() => {
    if (existsSync(program)) execFileSync("losetup", ["-d", device]);
  });

  it.skipIf(!existsSync(program))("takes the image's content, is full when it is full, and keeps what it holds", async () => {
    mkdirSync(join(at().rootfs, "img"));
    writeFileSync(join(at().rootfs, "img/file"), "from the image");
    await at().volumes.create({ ...asked("disk"), driverOptions: { type, device, o: "noatime" } });
    const [mount] = await at().prepare("first", await at().plan("first", { Binds: ["disk:/img"] }));
    const source = mount?.source ?? "";
    expect(readFileSync("/proc/self/mountinfo", "utf8")).toMatch(new RegExp(`${source} rw,noatime (.* )?- ${type} ${device} `));
    expect(readFileSync(join(source, "file"), "utf8")).toBe("from the image");
    const block = Buffer.alloc(1 << 20);
    const fill = (): void => {
      for (let count = 0; count < megabytes; count++) writeFileSync(join(source, "filler"), block, { flag: "a", flush: true });
    };
    expect(fill).toThrow("ENOSPC");
    // Whoever else has volumes notices nothing of it.
    await at().volumes.create(asked("other"));
    await at().volumes.unmount("first");
    expect(mountPointsBelow(at().root)).toEqual([]);
    await at().prepare("second", await at().plan("second", { Binds: ["disk:/img"] }));
    expect(readFileSync(join(source, "file"), "utf8")).toBe("from the image");
    await at().volumes.unmount("second");
  });
});

describe("what the kernel is asked for", () => {
  const jobs: MountJob[] = [];
  const driver = (failure?: MountFailure): LocalDriver => {
    const mounter = {
      run: (job: MountJob) => {
        jobs.push(job);
        return failure === undefined ? Promise.resolve() : Promise.reject(failure);
      },
    };
    return new LocalDriver(mounter as unknown as Mounter, { root: at().root, owner: undefined });
  };
  const shares = { remount: 0, propagation: 0 };

  beforeEach(() => void (jobs.length = 0));

  it.each([
    ["nfs", ":/export/a b", "addr=192.0.2.7,vers=4.2,soft,ro,noatime", { flags: 1 | 1024, data: "addr=192.0.2.7,vers=4.2,soft" }],
    ["nfs", ":/export", "addr=localhost,nolock,rw", { flags: 0, data: /^addr=(127\.0\.0\.1|::1),nolock$/ }],
    ["nfs4", "192.0.2.7:/x", "clientaddr=192.0.2.1", { flags: 0, data: "clientaddr=192.0.2.1" }],
    [
      "cifs",
      "//192.0.2.7/share",
      "username=ann,password=a b,vers=3.1.1,nosuid",
      { flags: 2, data: "username=ann,password=a b,vers=3.1.1" },
    ],
    ["cifs", "//localhost/share/sub", "username=ann", { flags: 0, data: /^username=ann,addr=(127\.0\.0\.1|::1)$/ }],
    ["smb3", "\\\\localhost\\share", "", { flags: 0, data: /^addr=(127\.0\.0\.1|::1)$/ }],
    ["xfs", "/dev/sdz1", "prjquota,nodev", { flags: 4, data: "prjquota" }],
  ])("%s %s %s", async (type, device, o, { flags, data }) => {
    await driver().mount({ name: "share", options: { type, device, ...(o === "" ? {} : { o }) } }, "holder", true);
    const text: unknown = typeof data === "string" ? data : expect.stringMatching(data);
    const target = join(at().root, "share/_data");
    expect(jobs).toEqual([{ kind: "mount", source: device, target, type, flags, data: text, ...shares }]);
  });

  it.each(["password=hunter2,ro", "ro,pass=hunter2", "PASSWORD=hunter2", "username=a,password2=hunter2,passwd=hunter2"])(
    "is told of without the password of %s when it fails",
    async (o) => {
      const options = { type: "cifs", device: "//192.0.2.7/share", o };
      const failed: unknown = await driver(new MountFailure("permission denied"))
        .mount({ name: "share", options }, "holder", true)
        .catch((error: unknown) => error);
      const whole = JSON.stringify(failed, Object.getOwnPropertyNames(failed)) + String((failed as Error).cause);
      expect(whole).toContain("permission denied");
      expect(whole).not.toContain("hunter2");
    },
  );
});
