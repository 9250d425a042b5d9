import { chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { FakePlugin } from "#volume/plugin/fake-plugin.ts";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive, imageArchive } from "../../support/images.ts";

const OTHER = "test/other:latest";
const daemon = useDaemon({
  images: [
    busyboxArchive,
    () => imageArchive(OTHER, {}, [{ name: "data/note", type: "file", mode: 0o644, data: Buffer.from("in the image") }]),
  ],
});
const docker = new DockerCli(daemon);
const sh = (flags: readonly string[], script: string): Promise<string> => docker.ok("run", "--rm", ...flags, BUSYBOX, "sh", "-c", script);
const failing = async (...parameters: string[]): Promise<string> => {
  const { code, stderr } = await docker.run(parameters);
  expect(code).not.toBe(0);
  return stderr;
};
const hostFolder = (name: string): string => {
  const path = join(daemon.folder, name);
  mkdirSync(path, { recursive: true });
  return path;
};

it("the commands of every introduction: volumes, binds and tmpfs", async () => {
  for (const name of ["mysql:8.0", "my-development-image", "my-image"]) await docker.ok("tag", BUSYBOX, name);
  const [project, readOnly] = [hostFolder("home/user/project"), hostFolder("host/path")];
  writeFileSync(join(project, "app.js"), "on the host");
  expect(await docker.ok("volume", "create", "my-data")).toBe("my-data");
  await docker.ok("run", "-d", "-i", "--name", "database", "-v", "my-data:/var/lib/mysql", "mysql:8.0");
  await docker.ok("exec", "database", "sh", "-c", "echo row >/var/lib/mysql/table");
  const [inspected] = JSON.parse(await docker.ok("volume", "inspect", "my-data")) as [
    { Mountpoint: string; Driver: string; Scope: string },
  ];
  expect(inspected).toMatchObject({ Driver: "local", Scope: "local" });
  expect(readFileSync(join(inspected.Mountpoint, "table"), "utf8")).toBe("row\n");
  expect((await docker.run(["volume", "rm", "my-data"])).stderr).toMatch(/volume is in use - \[[0-9a-f]{64}\]/);
  // Data outlives the container, and is shared by those that have it.
  await docker.ok("rm", "-f", "-v", "database");
  await docker.ok("run", "-d", "-i", "--name", "second", "-v", "my-data:/var/lib/mysql", "mysql:8.0");
  expect(await docker.ok("run", "--rm", "--volumes-from", "second:ro", BUSYBOX, "cat", "/var/lib/mysql/table")).toBe("row");
  await docker.ok("rm", "-f", "-v", "second");
  expect(await docker.ok("volume", "rm", "my-data")).toBe("my-data");
  await docker.ok("run", "-d", "-i", "--name", "dev", "-v", `${project}:/app`, "my-development-image");
  expect(await docker.ok("exec", "dev", "sh", "-c", "cat /app/app.js; echo changed >/app/app.js")).toBe("on the host");
  expect(readFileSync(join(project, "app.js"), "utf8")).toBe("changed\n");
  await docker.ok("run", "-d", "-i", "--name", "shown", "-v", `${readOnly}:/container/path:ro`, "my-image");
  expect((await docker.run(["exec", "shown", "touch", "/container/path/x"])).stderr).toContain("Read-only file system");
  const tmpfs = ["--tmpfs", "/secrets:size=64k,mode=700", "--mount", "type=tmpfs,dst=/cache,tmpfs-size=1m,tmpfs-mode=1777"];
  const looks = "stat -c '%a %n' /secrets /cache; df -k /secrets /cache | awk 'NR>1 {print $2}'";
  expect(await docker.ok("run", "--rm", ...tmpfs, "my-image", "sh", "-c", looks)).toBe("700 /secrets\n1777 /cache\n64\n1024");
  await docker.ok("rm", "-f", "-v", "dev", "shown");
  await docker.ok("rmi", "mysql:8.0", "my-development-image", "my-image");
  expect(await docker.ok("volume", "ls", "-q", "--filter", "driver=local")).toBe("");
});

describe("a volume of the local driver", () => {
  it("is a tmpfs of a size, for as long as a container has it", async () => {
    await docker.ok("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=size=1m,uid=1000", "memory");
    expect(await sh(["-v", "memory:/m"], "stat -c %u /m; df -k /m | tail -1")).toMatch(/^1000\ntmpfs\s+1024 /);
    await eventually(() => {
      expect(readdirSync(join(daemon.instance.dataRoot, "volumes/memory/_data"))).toEqual([]);
      expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain("volumes/memory/_data");
    });
    expect(await docker.ok("volume", "inspect", "--format", "{{.Options.o}}", "memory")).toBe("size=1m,uid=1000");
    await docker.ok("volume", "rm", "memory");
  });

  it("is a folder of the host's, which stays read-only", async () => {
    writeFileSync(join(hostFolder("shown"), "file"), "seen");
    const device = hostFolder("shown");
    await docker.ok("volume", "create", "--opt", "type=none", "--opt", `device=${device}`, "--opt", "o=bind,ro", "bound");
    expect(await sh(["-v", "bound:/b"], "cat /b/file; touch /b/x 2>&1 || true")).toMatch(/^seen.*Read-only file system/s);
    await docker.ok("volume", "rm", "bound");
    expect(readdirSync(device)).toEqual(["file"]);
  });

  it("is refused with Docker's words", async () => {
    expect(await failing("volume", "create", "--opt", "type=ext4", "bad")).toContain('create bad: missing required option: "device"');
    await docker.ok("volume", "create", "--opt", "type=ext4", "--opt", "device=/no/such/device", "gone");
    expect(await failing("run", "--rm", "-v", "gone:/x", BUSYBOX, "true")).toContain("failed to mount local volume gone");
    await docker.ok("volume", "rm", "gone");
  });
});

describe("a part of a volume, and the content of an image", () => {
  it("are what a container sees, also by docker cp, whether it runs or not", async () => {
    await sh(["-v", "tree:/t"], "mkdir -p /t/a/b; echo deep >/t/a/b/file");
    const part = [
      "--mount",
      "type=volume,src=tree,dst=/m,volume-subpath=a/b",
      "--mount",
      `type=image,src=${OTHER},dst=/i,image-subpath=data`,
    ];
    const file = ["--mount", "type=volume,src=tree,dst=/f,volume-subpath=a/b/file"];
    expect(await sh([...part, ...file], "ls /m; cat /f /i/note; touch /i/x 2>&1 || true")).toMatch(/^file\ndeep\nin the image.*Read-only/s);
    const id = await docker.ok("create", ...part, BUSYBOX, "sleep", "100");
    writeFileSync(join(daemon.folder, "copied"), "by cp");
    await docker.ok("cp", join(daemon.folder, "copied"), `${id}:/m/copied`);
    await docker.ok("cp", `${id}:/i/note`, join(daemon.folder, "note"));
    expect(readFileSync(join(daemon.folder, "note"), "utf8")).toBe("in the image");
    await docker.ok("start", id);
    expect(await docker.ok("exec", id, "cat", "/m/copied")).toBe("by cp");
    // The image's name goes, its content stays with the container.
    await docker.run(["rmi", OTHER]);
    await docker.ok("restart", "-t", "0", id);
    expect(await docker.ok("exec", id, "cat", "/i/note")).toBe("in the image");
    expect(await docker.ok("inspect", "--format", "{{range .Mounts}}{{.Type}} {{.RW}},{{end}}", id)).toBe("image false,volume true,");
    await docker.ok("rm", "-f", "-v", id);
    await docker.ok("volume", "rm", "tree");
    await eventually(() => expect(readdirSync(join(daemon.instance.execRoot, "volumes"))).toEqual([]));
  });
});

describe("files in a bind", () => {
  it("belong to the folder's owner where that is asked for, by the mount or by a label", async () => {
    const work = hostFolder("work");
    chownSync(work, 1234, 1235);
    const owners = (): string[] => readdirSync(work).map((name) => `${name} ${statSync(join(work, name)).uid}`);
    await sh(["-v", `${work}:/w`], "touch /w/plain");
    await sh(["-v", `${work}:/w:idmap=auto`], "test $(stat -c %u /w) = 0 && touch /w/mapped");
    await sh(["-u", "77:88", "--label", "dhow.bind-owner=auto", "-v", `${work}:/w`], "test $(stat -c %u:%g /w) = 77:88 && touch /w/other");
    expect(owners()).toEqual(["mapped 1234", "other 1234", "plain 0"]);
    expect(await failing("run", "--rm", "--label", "dhow.bind-owner=me", BUSYBOX, "true")).toContain("invalid label dhow.bind-owner=me");
  });
});

describe("a volume plugin", () => {
  const name = `${daemon.instance.name}-store`;
  const folder = join(daemon.instance.execRoot, "plugins");
  let plugin: FakePlugin | undefined;

  afterAll(async () => await plugin?.close());

  it("keeps a volume for docker volume create -d and docker run --volume-driver, across a kill of the daemon", async () => {
    mkdirSync(folder, { recursive: true });
    plugin = new FakePlugin(hostFolder("kept"));
    await plugin.listen(join(folder, `${name}.sock`));
    const { volumes } = plugin;
    await docker.ok("volume", "create", "-d", name, "--opt", "a=b", "far");
    expect(await docker.ok("volume", "inspect", "--format", "{{.Driver}} {{.Scope}} {{json .Status}}", "far")).toBe(
      `${name} global {"mounts":0}`,
    );
    const id = await docker.ok(
      "run",
      "-d",
      "-v",
      "far:/x",
      "-v",
      "other:/y",
      "--volume-driver",
      name,
      BUSYBOX,
      "sh",
      "-c",
      "echo kept >/x/f; sleep 1000",
    );
    await eventually(() => expect(readFileSync(join(daemon.folder, "kept/far/f"), "utf8")).toBe("kept\n"));
    expect([...volumes.keys()].toSorted()).toEqual(["far", "other"]);
    expect(await docker.ok("info", "--format", "{{json .Plugins.Volume}}")).toContain(name);
    await daemon.kill();
    await daemon.start();
    expect(await docker.ok("exec", id, "cat", "/x/f")).toBe("kept");
    expect([...(volumes.get("far")?.mounts ?? [])]).toEqual([id]);
    await docker.ok("cp", `${id}:/x/f`, join(daemon.folder, "from-plugin"));
    expect(await failing("volume", "rm", "far")).toContain("volume is in use");
    await docker.ok("rm", "-f", "-v", id);
    await eventually(() => expect([...volumes.values()].flatMap(({ mounts }) => [...mounts])).toEqual([]));
    await docker.ok("volume", "rm", "far", "other");
    expect(volumes.size).toBe(0);
  });
});
