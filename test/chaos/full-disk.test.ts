import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestDaemon } from "../support/daemon.ts";
import { DockerCli } from "../support/docker-cli.ts";
import { eventually } from "../support/eventually.ts";
import { BUSYBOX, busyboxArchive, imageArchive } from "../support/images.ts";

/** A daemon whose data root is a small ext4 of its own, which is then filled to the last block. */
const disk = mkdtempSync(join(tmpdir(), "disk-"));
const daemon = new TestDaemon(["--data-root", join(disk, "mounted/data")]);
const docker = new DockerCli(daemon);
const mounted = join(disk, "mounted");
const filler = join(mounted, "filler");

beforeAll(async () => {
  execFileSync("sh", [
    "-c",
    `truncate -s 48M ${disk}/image && mkfs.ext4 -q ${disk}/image && mkdir ${mounted} && mount -o loop ${disk}/image ${mounted}`,
  ]);
  await daemon.start();
  await daemon.load(busyboxArchive());
});

afterAll(async () => {
  rmSync(filler, { force: true });
  await daemon.close();
  await eventually(() => execFileSync("umount", [mounted]));
  rmSync(disk, { recursive: true, force: true });
});

const free = (): number => statfsSync(mounted).bavail;

function fill(): void {
  for (let size = 8 << 20; size >= 4096; size >>= 1) {
    for (;;) {
      try {
        writeFileSync(filler, Buffer.alloc(size), { flag: "a" });
      } catch {
        break;
      }
    }
  }
}

describe("a full disk", () => {
  it("is named by what fails, keeps what runs running and what is listed listed, and is survived without a restart", async () => {
    const runner = await docker.ok("run", "-d", "--name", "runner", BUSYBOX, "sleep", "1000");
    fill();
    expect(free()).toBeLessThan(64);

    const load = await daemon.api(
      "POST",
      "/images/load",
      imageArchive("big:1", {}, [{ name: "big", type: "file", mode: 0o644, data: Buffer.alloc(4 << 20, 7) }]),
    );
    expect(load.status >= 400 || load.text.includes('"error"')).toBe(true);
    expect(load.text).toContain("no space left on device");
    expect(readdirSync(mounted)).toEqual(expect.arrayContaining(["data", "filler"]));

    expect(await docker.ok("ps", "--format", "{{.Names}}")).toBe("runner");
    expect(await docker.ok("exec", "runner", "echo", "alive")).toBe("alive");
    const created = await daemon.api("POST", "/containers/create", { Image: BUSYBOX });
    expect([201, 500]).toContain(created.status);
    if (created.status === 500) expect(created.json.message).toContain("no space left on device");
    else await docker.ok("rm", created.json.Id as string);
    await docker.ok("stop", "-t", "0", "runner");
    expect(await docker.ok("inspect", "--format", "{{.State.ExitCode}}", runner)).toBe("137");
    await docker.ok("rm", "runner");

    rmSync(filler);
    await daemon.load(imageArchive("big:1", {}, [{ name: "big", type: "file", mode: 0o644, data: Buffer.alloc(4 << 20, 7) }]));
    expect(await docker.ok("run", "--rm", "big:1", "wc", "-c", "/big")).toBe("4194304 /big");
    await docker.ok("rmi", "big:1");
  });
});
