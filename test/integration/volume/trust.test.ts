/** Rows of the trust model about mounts (docs/security.md): each is named after what went wrong elsewhere. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import { useDaemon } from "../../support/daemon.ts";
import { dhowCli } from "../../support/dhow-cli.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);
const ROUNDS = 8;

/** The host's own: nothing of it may be seen, and nothing may come into it. */
const host = (): string => join(daemon.folder, "host");
const SECRET = "only the host knows this";
const folder = (name: string): string => join(daemon.folder, name);

beforeAll(() => {
  for (const name of ["host", "shared", "private"]) mkdirSync(folder(name));
  writeFileSync(join(host(), "secret"), SECRET);
  for (const name of ["shared", "private"]) {
    execFileSync("mount", ["--bind", folder(name), folder(name)]);
    execFileSync("mount", [`--make-${name}`, folder(name)]);
    mkdirSync(join(folder(name), "below"));
    execFileSync("mount", ["-t", "tmpfs", "below", join(folder(name), "below")]);
  }
});
afterAll(() => {
  for (const point of ["shared", "private"].flatMap((name) => mountPointsBelow(folder(name))).toReversed()) execFileSync("umount", [point]);
});

function expectHostClean(): void {
  expect(readdirSync(host())).toEqual(["secret"]);
  expect(readFileSync(join(host(), "secret"), "utf8")).toBe(SECRET);
  expect(mountPointsBelow(host())).toEqual([]);
}

/** Of the test's folders: other tests mount meanwhile. */
function hostMounts(): string[] {
  return ["shared", "private"].flatMap((name) => mountPointsBelow(folder(name)));
}

describe("bind propagation (moby cp)", () => {
  it("leaves the host's mounts as they were: run, cp and rm, whatever the propagation", async () => {
    const before = hostMounts();
    const binds = [
      ["shared", "rprivate"],
      ["shared", "rslave"],
      ["shared", "rshared"],
      ["private", "rprivate"],
    ] as const;
    writeFileSync(folder("file"), "x");
    for (const [name, propagation] of binds) {
      const id = await docker.ok("run", "-d", "-v", `${folder(name)}:/h:${propagation}`, BUSYBOX, "sleep", "1000");
      for (const from of [`${id}:/h`, `${id}:/h/below/.`]) await docker.ok("cp", from, folder(`copy-${name}-${propagation}`));
      await docker.ok("cp", folder("file"), `${id}:/h/below/copied`);
      await docker.ok("rm", "-f", "-v", id);
      expect(hostMounts(), propagation).toEqual(before);
    }
    expect(readdirSync(join(folder("private"), "below"))).toEqual(["copied"]);
  });

  it("is refused where it cannot be", async () => {
    const { code, stderr } = await docker.run(["run", "--rm", "-v", `${folder("private")}:/h:rshared`, BUSYBOX, "true"]);
    expect([code, stderr]).toEqual([125, expect.stringContaining("is not a shared mount") as string]);
  });

  it("has nothing writable below a bind that is read-only", async () => {
    const touch = "touch /h/x /h/below/x 2>&1; true";
    const said = await docker.ok("run", "--rm", "-v", `${folder("private")}:/h:ro`, BUSYBOX, "sh", "-c", touch);
    expect(said.match(/Read-only file system/g)).toHaveLength(2);
  });
});

describe("a volume that another container changes meanwhile", () => {
  const flip = async (): Promise<string> => {
    // The link leads to the host's folder by every way that a path of the host could be meant.
    const links = [host(), `../../../../../..${host()}`, `/proc/1/root${host()}`].map((to) => `ln -s ${to} /vol/a; rm /vol/a;`).join(" ");
    const script = `mkdir -p /vol/real/b; while :; do mv /vol/real /vol/a 2>/dev/null; mv /vol/a /vol/real; ${links} done`;
    return await docker.ok("run", "-d", "--network", "none", "-v", "raced:/vol", BUSYBOX, "sh", "-c", script);
  };

  it("CVE-2021-30465: a mount below it is in the container, or none", async () => {
    const flipper = await flip();
    mkdirSync(folder("source"));
    writeFileSync(join(folder("source"), "mine"), "");
    for (let round = 0; round < ROUNDS; round++) {
      const mounts = ["-v", "raced:/vol", "-v", `${folder("source")}:/vol/a/b`];
      const { stdout } = await docker.run([
        "run",
        "--rm",
        "--network",
        "none",
        ...mounts,
        BUSYBOX,
        "sh",
        "-c",
        "cat /vol/a/secret /vol/secret 2>/dev/null; ls /vol/a/b",
      ]);
      expect(stdout).not.toContain(SECRET);
      expectHostClean();
    }
    await docker.ok("rm", "-f", "-v", flipper);
    expect(readdirSync(folder("source"))).toEqual(["mine"]);
  });

  it("CVE-2023-0778: a copy of it holds nothing of the host", async () => {
    const flipper = await flip();
    const dhow = dhowCli(daemon);
    for (let round = 0; round < ROUNDS; round++) {
      const { code, stdout, stderr } = await dhow.run(["volume", "export", "--uncompressed", "raced"]);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).not.toContain(SECRET);
    }
    await dhow.ok("volume", "clone", "raced", "copied");
    expect(await docker.ok("run", "--rm", "-v", "copied:/c", BUSYBOX, "grep", "-r", SECRET, "/c").catch(() => "none")).toBe("none");
    await docker.ok("rm", "-f", "-v", flipper);
    await docker.ok("volume", "rm", "raced", "copied");
    expectHostClean();
  });
});

describe("bad input is an error, and nothing is left of it", () => {
  it.each([
    [["volume", "create", "../up"], "includes invalid characters for a local volume name"],
    [["volume", "create", "a/b"], "includes invalid characters for a local volume name"],
    [["volume", "create", ".."], "includes invalid characters for a local volume name"],
    [["volume", "create", ".hidden"], "includes invalid characters for a local volume name"],
    [["volume", "create", "x"], "volume name is too short"],
    [["volume", "create", "n".repeat(300)], "volume name is too long"],
    [["run", "--rm", "-v", "a/b:/m", BUSYBOX, "true"], "includes invalid characters for a local volume name"],
    [["run", "--rm", "-v", "fine:/", BUSYBOX, "true"], "destination can't be '/'"],
    [["run", "--rm", "--mount", "type=tmpfs,dst=/", BUSYBOX, "true"], "destination can't be '/'"],
    [["run", "--rm", "-v", "fine:/a/../..", BUSYBOX, "true"], "destination can't be '/'"],
    [["run", "--rm", "-v", "fine:relative", BUSYBOX, "true"], "mount path must be absolute"],
    [
      ["run", "--rm", "--mount", "type=bind,src=/no/such/source,dst=/m", BUSYBOX, "true"],
      "bind source path does not exist: /no/such/source",
    ],
    [
      ["run", "--rm", "--mount", "type=volume,src=fine,dst=/m,volume-subpath=../..", BUSYBOX, "true"],
      "subpath must be a relative path within the volume",
    ],
    [["run", "--rm", "--tmpfs", "/m:size=lots", BUSYBOX, "true"], /size|invalid/i],
    [["volume", "rm", "no-such-volume"], "no such volume"],
    [["volume", "create", "-o", "size=1g", "-o", "type=tmpfs", "-o", "device=tmpfs", "fine"], "the limit is the file system's"],
    [["volume", "create", "-d", "no-such-driver", "fine"], 'plugin "no-such-driver" not found'],
  ])("docker %j", async (words, message) => {
    const { code, stderr } = await docker.run(words);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
    expect(await docker.ok("volume", "ls", "-q", "--filter", "driver=local")).toBe("");
    expect(mountPointsBelow(daemon.instance.execRoot)).toEqual([]);
  });

  it("a volume in use stays, by a container that runs and by one that does not", async () => {
    const running = await docker.ok("run", "-d", "-v", "used:/m", BUSYBOX, "sleep", "1000");
    const stopped = await docker.ok("create", "-v", "used:/m", BUSYBOX);
    for (const id of [running, stopped]) {
      for (const force of [[], ["-f"]]) {
        const { code, stderr } = await docker.run(["volume", "rm", ...force, "used"]);
        expect([code, stderr]).toEqual([1, expect.stringContaining(`volume is in use - [`) as string]);
      }
      expect(await docker.ok("volume", "prune", "-a", "-f")).not.toContain("used");
      await docker.ok("rm", "-f", "-v", id);
    }
    await docker.ok("volume", "rm", "used");
  });

  it("a volume that is full is full for who writes to it, and for nobody else", async () => {
    await docker.ok("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=1m", "full");
    const id = await docker.ok(
      "run",
      "-d",
      "-v",
      "full:/m",
      BUSYBOX,
      "sh",
      "-c",
      "dd if=/dev/zero of=/m/f bs=1M count=3; echo $?; sleep 1000",
    );
    await expect.poll(() => docker.ok("logs", id)).toBe("1");
    expect((await docker.run(["logs", id])).stderr).toContain("No space left on device");
    expect((await docker.run(["cp", "/bin/busybox", `${id}:/m/`])).stderr).toMatch(/no space left/i);
    expect(await docker.ok("inspect", "--format", "{{.State.Status}}", id)).toBe("running");
    await docker.ok("exec", id, "sh", "-c", "rm /m/f; echo fine >/m/g");
    await docker.ok("rm", "-f", "-v", id);
    await docker.ok("volume", "rm", "full");
  });
});
