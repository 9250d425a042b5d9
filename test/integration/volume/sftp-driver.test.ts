import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import { TestDaemon, useDaemon } from "../../support/daemon.ts";
import { dhowCli } from "../../support/dhow-cli.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { hostPrograms } from "../../support/host-programs.ts";
import { BUSYBOX, busyboxArchive, imageArchive } from "../../support/images.ts";
import { SftpServer } from "../../support/sftp-server.ts";

/** examples/volume-sftp as its README has it run, against OpenSSH's server: two hosts, connections that break, drivers that die. */
const BASE = "test/sftp-base:latest";
const IMAGE = "test/volume-sftp:latest";
const programs = ["/usr/bin/sshfs", "/usr/bin/ssh", "/usr/sbin/sshd"];
const isPossible = programs.every(existsSync) && existsSync("/dev/fuse");

describe.skipIf(!isPossible)("a driver that keeps volumes on an SFTP server", () => {
  const baseArchive = (): Buffer => imageArchive(BASE, {}, hostPrograms(["/usr/bin/sshfs", "/usr/bin/ssh"], [process.execPath]));
  const here = useDaemon({ images: [busyboxArchive, baseArchive] });
  const docker = new DockerCli(here);
  const there = new TestDaemon();
  const dockerThere = new DockerCli(there);
  const server = new SftpServer();
  /** Drivers' names: one for each host. */
  const [near, far] = [`${here.instance.name}-sftp`, `${there.instance.name}-sftp`];
  const mounts = (driver: string): string => join(here.folder, driver);
  /** Each engine sees its own driver's alone. */
  const socketsOf = (driver: string): string => join((driver === near ? here : there).instance.execRoot, "plugins");

  /** As in the README; the second host's driver is one more container here, with a folder of its own. */
  const startDriver = async (driver: string): Promise<void> => {
    // Each as on a host of its own name.
    const rights = [
      "--hostname",
      driver,
      "--network",
      "host",
      "--cap-add",
      "SYS_ADMIN",
      "--device",
      "/dev/fuse",
      "--security-opt",
      "apparmor=unconfined",
    ];
    const shared = `type=bind,src=${mounts(driver)},dst=${mounts(driver)},bind-propagation=rshared`;
    const sockets = socketsOf(driver);
    // Node is 150 MB: it comes from the host, and not by an image.
    const folders = [
      "-v",
      `${process.execPath}:/usr/bin/node:ro`,
      "-v",
      `${sockets}:${sockets}`,
      "-v",
      `${server.keys}:/keys:ro`,
      "--mount",
      shared,
    ];
    const variables = [`SFTP_TARGET=root@127.0.0.1:${server.files}`, `SFTP_PORT=${server.port}`, `MOUNT_ROOT=${mounts(driver)}`];
    const own = `PLUGIN_SOCKET=${sockets}/${driver}.sock`;
    await docker.ok("run", "-d", "--name", driver, ...rights, ...folders, ...[own, ...variables].flatMap((one) => ["-e", one]), IMAGE);
    await eventually(() => expect(existsSync(`${sockets}/${driver}.sock`)).toBe(true));
  };
  const refused = async (client: DockerCli, ...parameters: string[]): Promise<string> => {
    const { code, stderr } = await client.run(parameters);
    expect(code).not.toBe(0);
    return stderr;
  };
  const onServer = (path: string): string => readFileSync(join(server.files, path), "utf8");

  beforeAll(async () => {
    await Promise.all([server.start(), there.start().then(() => there.load(busyboxArchive()))]);
    await dhowCli(here).ok(
      "build",
      "-q",
      "--build-arg",
      `BASE=${BASE}`,
      "-t",
      IMAGE,
      fileURLToPath(new URL("../../../examples/volume-sftp", import.meta.url)),
    );
    for (const driver of [near, far]) {
      for (const folder of [mounts(driver), socketsOf(driver)]) mkdirSync(folder);
      execFileSync("mount", ["--bind", mounts(driver), mounts(driver)]);
      execFileSync("mount", ["--make-shared", mounts(driver)]);
      await startDriver(driver);
    }
  });

  beforeEach(async () => {
    await server.start();
    await docker.ok("start", near);
  });

  afterAll(async () => {
    await there.close();
    for (const driver of [near, far]) await docker.run(["rm", "-f", "-v", driver]);
    for (const point of [near, far].flatMap((driver) => mountPointsBelow(mounts(driver))).toReversed())
      execFileSync("umount", ["-l", point]);
    await server.remove();
  });

  it("has the same volumes on every host, and lets none go while another host uses it", async () => {
    await docker.ok("volume", "create", "-d", near, "shared-data");
    const writing = await docker.ok(
      "run",
      "-d",
      "-v",
      "shared-data:/d",
      BUSYBOX,
      "sh",
      "-c",
      "echo from here >/d/file; while :; do sleep 1; done",
    );
    await eventually(() => expect(onServer("shared-data/file")).toBe("from here\n"));
    expect(await dockerThere.ok("volume", "ls", "-q")).toBe("shared-data");
    await dockerThere.ok("volume", "create", "-d", far, "shared-data");
    expect(await dockerThere.ok("run", "--rm", "-v", "shared-data:/d", BUSYBOX, "sh", "-c", "cat /d/file; echo from there >>/d/file")).toBe(
      "from here",
    );
    expect(await docker.ok("exec", writing, "cat", "/d/file")).toBe("from here\nfrom there");
    expect(await refused(dockerThere, "volume", "rm", "shared-data")).toContain(`volume shared-data is in use by ${near}@`);
    expect(await docker.ok("volume", "inspect", "--format", "{{.Scope}} {{.Status.target}}", "shared-data")).toBe(
      `global root@127.0.0.1:${server.files}`,
    );
    await docker.ok("rm", "-f", "-v", writing);
  });

  it("loses nothing that was synced when the connection breaks or the driver is killed, says so, and goes on", async () => {
    await docker.ok("volume", "create", "-d", near, "journal");
    /** Says a number when its line is on the server's disk; ends when it cannot be. */
    const loop = `i=1; while echo $i >>/d/lines && sync /d/lines; do echo $i; i=$((i+1)); done; exit 7`;
    const write = async (): Promise<string> => await docker.ok("run", "-d", "-v", "journal:/d", BUSYBOX, "sh", "-c", loop);
    const said = async (id: string): Promise<number> => Number((await docker.ok("logs", "--tail", "1", id)) || 0);
    /** Whatever it said is there; it may have been cut between the line and the word. */
    const hasAllOf = async (id: string): Promise<void> => {
      expect(await docker.ok("wait", id)).toBe("7");
      expect((await docker.run(["logs", id])).stderr).toMatch(/Input\/output error|not connected|connection abort/);
      const last = await said(id);
      const lines = onServer("journal/lines").trim().split("\n").map(Number);
      expect(lines.slice(0, last)).toEqual(Array.from({ length: last }, (_, index) => index + 1));
      rmSync(join(server.files, "journal/lines"));
      await docker.ok("rm", id);
    };

    const first = await write();
    await eventually(async () => expect(await said(first)).toBeGreaterThan(20));
    await server.cut();
    await hasAllOf(first);
    expect(await refused(docker, "run", "--rm", "-v", "journal:/d", BUSYBOX, "true")).toMatch(/VolumeDriver.Get: EIO|cannot be reached/);
    await server.start();
    const second = await write();
    await eventually(async () => expect(await said(second)).toBeGreaterThan(20));
    await docker.ok("kill", near);
    await hasAllOf(second);
    expect(await refused(docker, "volume", "create", "-d", near, "other")).toContain(`volume plugin "${near}" cannot be asked`);
    await docker.ok("start", near);
    await eventually(() => docker.ok("volume", "create", "-d", near, "other"));
    expect(await docker.ok("run", "--rm", "-v", "journal:/d", BUSYBOX, "sh", "-c", "echo well >/d/f; cat /d/f")).toBe("well");
    await docker.ok("volume", "rm", "journal", "other");
    expect(readdirSync(server.files).filter((name) => !name.startsWith(".in-use"))).toEqual(["shared-data"]);
  });

  it("takes no option, and no server but the one that it was told of", async () => {
    expect(await refused(docker, "volume", "create", "-d", near, "-o", "host=elsewhere", "with-option")).toContain(
      'there is no option "host"',
    );
    writeFileSync(join(server.keys, "known_hosts"), "");
    await docker.ok("restart", "-t", "1", near);
    await eventually(async () =>
      expect(await refused(docker, "volume", "create", "-d", near, "unknown-server")).toContain("Host key verification failed"),
    );
  });
});
