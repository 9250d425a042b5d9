import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, chmodSync, lstatSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { packTar } from "#lib/tar-pack.ts";
import { download, entriesOf } from "../../support/archives.ts";
import { launched } from "../../support/build.ts";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

/**
 * Containers whose users are others than the host's, with both runtimes. The ranges belong to an account that every Debian has and that
 * nobody uses; both numbers are far from what useradd gives.
 */
const USER = "games";
const [FIRST_UID, FIRST_GID] = [1_500_000_000, 1_600_000_000];
const lines = { subuid: `${USER}:${FIRST_UID}:65536\n`, subgid: `${USER}:${FIRST_GID}:65536\n` };
for (const [name, line] of Object.entries(lines)) appendFileSync(`/etc/${name}`, line);
afterAll(() => {
  for (const [name, line] of Object.entries(lines)) {
    const path = `/etc/${name}`;
    writeFileSync(path, readFileSync(path, "utf8").replace(line, ""));
  }
});

const launcher = join(import.meta.dirname, "../../../bin/dhowd");
const daemon = useDaemon({ flags: ["--userns-remap", USER], images: [busyboxArchive] });
// The containers' root has to pass through on the way to its own.
chmodSync(daemon.folder, 0o711);
const docker = new DockerCli(daemon);
const dataRoot = join(daemon.instance.dataRoot, `${FIRST_UID}.${FIRST_GID}`);

const pidOf = async (name: string): Promise<number> => Number(await docker.ok("inspect", "-f", "{{.State.Pid}}", name));

it("keeps what remapped containers have apart, and says so", async () => {
  expect(await docker.ok("info", "-f", "{{.DockerRootDir}} {{.SecurityOptions}}")).toBe(
    `${dataRoot} [name=seccomp,profile=builtin name=userns name=cgroupns]`,
  );
  const { mode, gid } = statSync(dataRoot);
  expect([mode & 0o777, gid]).toEqual([0o710, FIRST_GID]);
});

describe.each(["crun", "runc"])("a remapped container of %s", (runtime) => {
  const run = (...parameters: string[]): Promise<string> => docker.ok("run", "--rm", "--runtime", runtime, ...parameters);
  const sh = (script: string, ...flags: string[]): Promise<string> => run(...flags, BUSYBOX, "sh", "-c", script);

  it("is root inside and nobody outside, in a user namespace of its own", async () => {
    const name = `owner-${runtime}`;
    await run("-d", "--name", name, BUSYBOX, "sleep", "60");
    const pid = await pidOf(name);
    expect(readFileSync(`/proc/${pid}/status`, "utf8")).toMatch(new RegExp(`^Uid:\\s${FIRST_UID}\\s`, "m"));
    expect(readlinkSync(`/proc/${pid}/ns/user`)).not.toBe(readlinkSync("/proc/self/ns/user"));
    expect(await docker.ok("exec", name, "sh", "-c", "id -u; cat /proc/self/uid_map /proc/self/gid_map")).toMatch(
      new RegExp(`^0\n\\s+0\\s+${FIRST_UID}\\s+65536\n\\s+0\\s+${FIRST_GID}\\s+65536$`),
    );
    await docker.ok("rm", "-f", name);
  });

  it("leaves the host its /dev/null", async () => {
    await sh("chmod 600 /dev/null /proc/self/fd/0 2>/dev/null; true");
    const id = await run("-d", BUSYBOX, "sleep", "60");
    await docker.ok("exec", id, "sh", "-c", "chmod 600 /proc/self/fd/0 /dev/null; true");
    await docker.ok("exec", "-u", "1000", id, "true");
    await docker.run(["exec", "-t", id, "true"]);
    await docker.ok("rm", "-f", id);
    const { uid, gid, mode } = statSync("/dev/null");
    expect([uid, gid, mode & 0o777]).toEqual([0, 0, 0o666]);
  });

  it("sees the image's owners through its mapping, and writes in its own name", async () => {
    const said = await sh(
      "stat -c '%u:%g %n' / /bin/busybox /etc/hosts /made; touch /new; chown 5:6 /new; stat -c '%u:%g %n' /new; pwd",
      "-w",
      "/made/here",
    );
    expect(said).toBe("0:0 /\n0:0 /bin/busybox\n0:0 /etc/hosts\n0:0 /made\n5:6 /new\n/made/here");
  });

  it("leaves on the disk what would be there without a mapping, so that layers are stored once", async () => {
    const name = `disk-${runtime}`;
    await docker.ok("run", "--runtime", runtime, "--name", name, BUSYBOX, "sh", "-c", "touch /mine; chown 7:8 /mine; echo x >>/etc/passwd");
    const id = await docker.ok("inspect", "-f", "{{.Id}}", name);
    const upper = join(dataRoot, "snapshots/overlay2/writables", id, "upper");
    expect([lstatSync(join(upper, "mine")).uid, lstatSync(join(upper, "mine")).gid]).toEqual([7, 8]);
    expect(lstatSync(join(upper, "etc/passwd")).uid).toBe(0);
    await docker.ok("rm", name);
  });

  it("has a terminal, a network, published ports, restarts, top and logs", async () => {
    const name = `full-${runtime}`;
    await run("-d", "--name", name, "-p", "127.0.0.1::80", BUSYBOX, "sh", "-c", "echo page >/tmp/index.html; httpd -h /tmp; sleep 60");
    const read = async (): Promise<void> => {
      const address = await docker.ok("port", name, "80");
      await eventually(async () => expect(await (await fetch(`http://${address}/index.html`)).text()).toBe("page\n"));
    };
    await read();
    await docker.ok("restart", "-t", "0", name);
    await read();
    expect(await docker.ok("top", name)).toContain("httpd");
    expect((await docker.run(["exec", "-t", name, "tty"])).stdout.trim()).toBe("/dev/pts/0");
    await docker.ok("rm", "-f", name);
    expect(await sh("echo out; echo err >&2")).toBe("out");
  });

  it("gives a volume to its root, and an image's content with the owner that it shows", async () => {
    const volume = `data-${runtime}`;
    expect(await sh("stat -c %u:%g /data; touch /data/f", "-v", `${volume}:/data`)).toBe("0:0");
    const content = join(dataRoot, "volumes", volume, "_data");
    expect([statSync(content).uid, statSync(join(content, "f")).gid]).toEqual([FIRST_UID, FIRST_GID]);
    const copied = `copied-${runtime}`;
    expect(await sh("stat -c %u:%g /bin/busybox", "-v", `${copied}:/bin`)).toBe("0:0");
    expect(statSync(join(dataRoot, "volumes", copied, "_data/busybox")).uid).toBe(FIRST_UID);
    await docker.ok("volume", "rm", volume, copied);
  });

  it("copies files in and out, and exports, with the ids that the container has", async () => {
    const name = `files-${runtime}`;
    await docker.ok(
      "run",
      "-d",
      "--runtime",
      runtime,
      "--name",
      name,
      "-v",
      "/vol",
      BUSYBOX,
      "sh",
      "-c",
      "touch /theirs; chown 7:8 /theirs; sleep 60",
    );
    const owners = async (): Promise<string> => (await docker.run(["exec", name, "stat", "-c", "%u:%g", "/put", "/vol/put"])).stdout;
    const source = join(daemon.folder, `put-${runtime}`);
    writeFileSync(source, "content");
    for (const target of ["/put", "/vol/put"]) await docker.ok("cp", source, `${name}:${target}`);
    expect(await owners()).toBe("0:0\n0:0\n");
    const listing = (archive: string): string => execFileSync("tar", ["--numeric-owner", "-tvf", archive], { encoding: "utf8" });
    const got = join(daemon.folder, `got-${runtime}.tar`);
    await eventually(() => docker.ok("exec", name, "ls", "/theirs"));
    writeFileSync(got, (await docker.run(["cp", `${name}:/theirs`, "-"])).stdout);
    expect(listing(got)).toMatch(/ 7\/8 .* theirs$/m);
    await docker.ok("stop", "-t", "0", name);
    await docker.ok("cp", source, `${name}:/put`);
    const archive = join(daemon.folder, `export-${runtime}.tar`);
    await docker.ok("export", "-o", archive, name);
    const exported = listing(archive);
    expect(exported).toMatch(/ 7\/8 .* theirs$/m);
    expect(exported).not.toContain(String(FIRST_UID));
    expect(await docker.ok("diff", name)).toContain("A /put");
    await docker.ok("rm", "-v", name);
  });

  it("makes the folder of a bind that is missing its root's", async () => {
    const source = join(daemon.folder, `bound-${runtime}`, "deep");
    expect(await sh("stat -c %u /b; touch /b/x", "-v", `${source}:/b`)).toBe("0");
    expect(statSync(join(source, "..")).uid).toBe(FIRST_UID);
  });

  it("shows devices, and no more of them than it may use", async () => {
    expect(await sh("echo x >/dev/other; stat -c %t:%T /dev/other", "--device", "/dev/null:/dev/other")).toBe("1:3");
    expect(await sh("(mknod /tmp/k c 1 3) 2>&1; ls -l /dev/console /dev/ptmx | wc -l", "-t")).toContain("Operation not permitted");
  });

  it("lets a user that is not root open its standard output", async () => {
    expect(await sh("echo hi >/dev/stdout; id -u", "-u", "1000:1000")).toBe("hi\n1000");
  });

  it("takes sysctls of its own namespaces, tmpfs, a read-only root and private shared memory", async () => {
    expect(
      await sh(
        "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax",
        "--sysctl",
        "net.ipv4.ip_forward=1",
        "--sysctl",
        "kernel.shmmax=12345",
      ),
    ).toBe("1\n12345");
    expect(await sh("touch /t/x /dev/shm/y && ! touch /z 2>/dev/null && stat -c %u /t", "--tmpfs", "/t:size=1m", "--read-only")).toBe("0");
    expect(await sh("ls -d /dev/shm", "--ipc", "host")).toBe("/dev/shm");
  });

  it("shares its namespaces with containers that have the same users", async () => {
    const name = `shared-${runtime}`;
    await run("-d", "--name", name, "--ipc", "shareable", BUSYBOX, "sleep", "60");
    const joined = ["--network", `container:${name}`, "--pid", `container:${name}`, "--ipc", `container:${name}`];
    await sh("touch /dev/shm/seen", "--ipc", `container:${name}`);
    expect(await sh("ls /dev/shm; ps | grep -c 'sleep 60'; hostname", ...joined)).toContain("seen\n");
    expect(await sh("ip addr show eth0 | grep -c inet", "--pid", `container:${name}`)).toBe("1");
    await docker.ok("rm", "-f", name);
  });

  it("runs with the host's users by --userns host, privileged too, on the same layers", async () => {
    expect(await sh("stat -c %u /bin/busybox; cat /proc/self/uid_map", "--userns", "host")).toMatch(/^0\n\s+0\s+0\s+4294967295$/);
    expect(await sh("mount -t tmpfs x /tmp && echo mounted", "--userns", "host", "--privileged")).toBe("mounted");
    expect(await sh("readlink /proc/self/ns/net", "--userns", "host", "--network", "host")).toBe(readlinkSync("/proc/self/ns/net"));
  });
});

it.each([
  [["--privileged"], "privileged mode is incompatible with user namespaces."],
  [["--network", "host"], "cannot share the host's network namespace when user namespaces are enabled"],
  [["--pid", "host"], "cannot share the host PID namespace when user namespaces are enabled"],
])("refuses %j with Docker's text", async (flags, message) => {
  const { code, stderr } = await docker.run(["run", "--rm", ...flags, BUSYBOX, "true"]);
  expect([code, stderr]).toEqual([125, expect.stringContaining(message)]);
});

it("refuses to join a container that has the host's users", async () => {
  await docker.ok("run", "-d", "--name", "plain", "--userns", "host", BUSYBOX, "sleep", "60");
  const { code, stderr } = await docker.run(["run", "--rm", "--network", "container:plain", BUSYBOX, "true"]);
  expect([code, stderr]).toEqual([125, expect.stringContaining("it has the users of the host")]);
  await docker.ok("rm", "-f", "plain");
});

it("takes over remapped containers after a kill, stopped ones too", async () => {
  await docker.ok("run", "-d", "--name", "survivor", BUSYBOX, "sh", "-c", "touch /kept; sleep 60");
  const pid = await pidOf("survivor");
  await daemon.kill();
  await daemon.start();
  expect(await pidOf("survivor")).toBe(pid);
  expect(await docker.ok("exec", "survivor", "stat", "-c", "%u", "/kept")).toBe("0");
  await docker.ok("restart", "-t", "0", "survivor");
  expect(await docker.ok("exec", "survivor", "stat", "-c", "%u", "/kept")).toBe("0");
});

describe("the files of a remapped container", () => {
  const archive = packTar([
    { name: "d/e/f", type: "file", mode: 0o644, uid: 7, gid: 8, data: Buffer.from("put") },
    { name: "d/fifo", type: "fifo", mode: 0o600, uid: 9 },
  ]);
  const put = async (path: string): Promise<number> => (await daemon.api("PUT", `/containers/files/archive?path=${path}`, archive)).status;

  it("are copied in and out as the container's users have them, while it runs and before", async () => {
    await docker.ok("create", "--name", "files", "--tmpfs", "/memory", "-v", "remapped:/vol", BUSYBOX, "sleep", "1000");
    expect(await put("/tmp")).toBe(200);
    await docker.ok("start", "files");
    for (const path of ["/", "/memory", "/vol"]) expect(await put(path)).toBe(200);
    const shown = await docker.ok(
      "exec",
      "files",
      "sh",
      "-c",
      "for f in /tmp/ / /memory/ /vol/; do stat -c '%u:%g' ${f}d/e/f ${f}d/fifo ${f}d; done",
    );
    expect(shown.split("\n")).toEqual(Array.from({ length: 4 }, () => ["7:8", "9:0", "0:0"]).flat());
    for (const path of ["/tmp/d", "/memory/d", "/vol/d", "/d"]) {
      const entries = entriesOf((await download(daemon, `/containers/files/archive?path=${path}`)).bytes);
      expect(entries.get("d/e/f")).toMatchObject({ user: 7, group: 8, content: Buffer.from("put") });
    }
    const exported = entriesOf((await download(daemon, "/containers/files/export")).bytes);
    expect(exported.get("d/e/f")).toMatchObject({ user: 7, group: 8 });
    expect(exported.get("bin/busybox")).toMatchObject({ user: 0, group: 0 });
  });

  it("are committed as they are inside", async () => {
    await docker.ok("commit", "files", "of-files");
    expect(await docker.ok("run", "--rm", "of-files", "stat", "-c", "%u:%g", "/d/e/f", "/bin/busybox")).toBe("7:8\n0:0");
    expect(await docker.ok("diff", "files")).toContain("A /d/e/f");
    await docker.ok("rm", "-f", "files");
  });

  it("cannot be a user's whom the container does not have", async () => {
    await docker.ok("create", "--name", "files", BUSYBOX, "true");
    const foreign = packTar([{ name: "f", type: "file", mode: 0o644, uid: 70_000, data: Buffer.from("x") }]);
    expect((await daemon.api("PUT", "/containers/files/archive?path=/", foreign)).text).toContain("the container has no user 70000:0");
    await docker.ok("rm", "files");
  });
});

it("does not start for other users while containers run, which it would take for nobody's", async () => {
  await docker.ok("run", "-d", "--name", "running", BUSYBOX, "sleep", "60");
  await daemon.stop();
  const flags = ["--instance", daemon.instance.name, "--data-root", daemon.instance.dataRoot, "--exec-root", daemon.instance.execRoot];
  const config = join(daemon.folder, "daemon.json");
  const { stderr, status } = spawnSync(launcher, [...flags, "--config-file", config, "-H", daemon.host], {
    encoding: "utf8",
    env: { ...process.env, ...launched },
  });
  expect([status, stderr]).toEqual([1, expect.stringContaining(`containers of ${dataRoot} are still running`)]);
  await daemon.start();
  expect(await docker.ok("inspect", "-f", "{{.State.Running}}", "running")).toBe("true");
});

it("refuses to start for an account without subordinate ids", () => {
  const flags = ["--validate", "--config-file", join(daemon.folder, "daemon.json"), "--userns-remap"];
  const start = (account: string): string => {
    try {
      return execFileSync(launcher, [...flags, account], { encoding: "utf8", env: { ...process.env, ...launched }, stdio: "pipe" });
    } catch (error) {
      return (error as { stderr: string }).stderr;
    }
  };
  expect(start("nobody-knows")).toContain('error during uid lookup for "nobody-knows": no such user');
  expect(start("sync")).toContain('no subuid ranges found for "sync"');
});
