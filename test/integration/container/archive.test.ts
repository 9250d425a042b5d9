import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { packTar, type TarEntry } from "#lib/tar-pack.ts";
import { download, entriesOf } from "../../support/archives.ts";
import { type Answer, useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

/** GET, HEAD and PUT of archives as dockerd 28.5 answers them (its answers were recorded beside these). */
const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

const head = (name: string, path: string): Promise<Answer> =>
  daemon.api("HEAD", `/containers/${name}/archive?path=${encodeURIComponent(path)}`);
const put = (name: string, path: string, archive: Buffer, more = ""): Promise<Answer> =>
  daemon.api("PUT", `/containers/${name}/archive?path=${encodeURIComponent(path)}${more}`, archive);
const get = async (name: string, path: string) => download(daemon, `/containers/${name}/archive?path=${encodeURIComponent(path)}`);
const inside = (script: string, name = "running"): Promise<string> => docker.ok("exec", name, "sh", "-c", script);
const messageOf = (answer: Answer): string => (answer.json as { message: string }).message;

interface Stat {
  name: string;
  size: number;
  mode: number;
  mtime: string;
  linkTarget: string;
}
const statOf = ({ headers }: Pick<Answer, "headers">): Stat =>
  JSON.parse(Buffer.from(String(headers["x-docker-container-path-stat"]), "base64").toString()) as Stat;

const file = (name: string, data = "new", more: Partial<TarEntry> = {}): TarEntry => ({
  name,
  type: "file",
  mode: 0o644,
  data: Buffer.from(data),
  ...more,
});

beforeAll(async () => {
  mkdirSync(join(daemon.folder, "bind"));
  writeFileSync(join(daemon.folder, "bind/f"), "host\n");
  const mounts = ["-v", "volume:/vol", "-v", `${join(daemon.folder, "bind")}:/ro:ro`, "--tmpfs", "/memory"];
  await docker.ok("run", "-d", "--name", "running", "--network", "none", ...mounts, BUSYBOX, "sleep", "1000");
  await docker.ok("create", "--name", "created", "--network", "none", ...mounts, BUSYBOX, "true");
  await docker.ok("create", "--name", "frozen", "--network", "none", "--read-only", "-v", "volume:/vol", BUSYBOX, "true");
  await inside(`ln -s /bin /link; ln -s nope /broken; ln -s /etc/../bin/sh /twice; ln -s circle /circle; mkdir -p /d/e; mkfifo /d/fifo
    chmod 4755 /d/e; chmod 1777 /d; echo v >/vol/v; echo m >/memory/m; ln -s /vol /to-volume; ln -s /ro /to-frozen`);
});

const DIR = 2 ** 31;
const LINK = 2 ** 27;

/** How many descriptors the daemon has open. */
const descriptors = (): number => readdirSync(`/proc/${daemon.pid}/fd`).length;

describe("HEAD", () => {
  it.each([
    ["/", { name: "/", mode: DIR + 0o755 }],
    ["/bin", { name: "bin", mode: DIR + 0o755, linkTarget: "" }],
    ["/bin/", { name: "bin", mode: DIR + 0o755 }],
    ["/bin/.", { name: ".", mode: DIR + 0o755 }],
    [".", { name: ".", mode: DIR + 0o755 }],
    ["bin", { name: "bin", mode: DIR + 0o755 }],
    ["/bin/sh", { name: "sh", size: 7, mode: LINK + 0o777, linkTarget: "/bin/busybox" }],
    ["/../../bin/sh", { name: "sh", linkTarget: "/bin/busybox" }],
    ["/link", { name: "link", size: 4, mode: LINK + 0o777, linkTarget: "/bin" }],
    ["/link/", { name: "link", mode: DIR + 0o755, linkTarget: "" }],
    ["/link/.", { name: ".", mode: DIR + 0o755, linkTarget: "" }],
    ["/broken", { name: "broken", linkTarget: "/nope" }],
    ["/twice", { name: "twice", linkTarget: "/bin/busybox" }],
    ["/d/fifo", { name: "fifo", mode: 2 ** 25 + 0o644 }],
    ["/d/e", { name: "e", mode: DIR + 2 ** 23 + 0o755 }],
    ["/d", { name: "d", mode: DIR + 2 ** 20 + 0o777 }],
    ["/vol/v", { name: "v", size: 2, mode: 0o644 }],
    ["/memory/m", { name: "m", size: 2, mode: 0o644 }],
    ["/ro/f", { name: "f", size: 5, mode: 0o644 }],
    ["/proc", { name: "proc", mode: DIR + 0o755 }],
    ["/etc/hosts", { name: "hosts", mode: 0o644 }],
  ])("describes %s", async (path, expected) => {
    const answer = await head("running", path);
    expect([answer.status, statOf(answer)]).toMatchObject([200, expected]);
  });

  it("gives times to the nanosecond", async () => {
    await inside("touch -d @1.5 /d/old 2>/dev/null || touch /d/old");
    expect(statOf(await head("running", "/d/old")).mtime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/);
  });

  it.each([
    ["running", "/nope", 404, "Could not find the file /nope in container running"],
    ["running", "/nope/x", 404, "Could not find the file /nope/x in container running"],
    ["running", "/broken/", 404, "Could not find the file /broken/ in container running"],
    ["running", "/proc/self", 404, "Could not find the file /proc/self in container running"],
    ["running", "/dev/null", 404, "Could not find the file /dev/null in container running"],
    ["running", "/bin/sh/", 400, "lstat /bin/sh/: not a directory"],
    ["running", "/circle", 400, "too many links in /circle"],
    ["running", "", 400, "bad parameter: pathcannot be empty"],
    ["running", "/a\0b", 400, "bad parameter: path holds a NUL"],
    ["created", "/memory", 404, "Could not find the file /memory in container created"],
    ["none-such", "/", 404, "No such container: none-such"],
  ])("of %s %j answers %i", async (name, path, status, message) => {
    expect((await head(name, path)).status).toBe(status);
    const answer = await daemon.api("GET", `/containers/${name}/archive?path=${encodeURIComponent(path)}`);
    expect([answer.status, messageOf(answer)]).toEqual([status, message]);
  });
});

describe("GET", () => {
  it.each([
    ["/bin/sh", ["sh"]],
    ["/d/e", ["e/"]],
    ["/d/e/", ["e/"]],
    ["/d/e/.", ["./"]],
    ["/link", ["link"]],
    ["/vol", ["vol/", "vol/v"]],
    ["/to-volume/", ["to-volume/", "to-volume/v"]],
    ["/memory", ["memory/", "memory/m"]],
  ])("names what is at %s as Docker does", async (path, names) => {
    const { status, headers, bytes } = await get("running", path);
    expect([status, headers["content-type"]]).toEqual([200, "application/x-tar"]);
    expect([...entriesOf(bytes).keys()]).toEqual(names);
    expect(statOf({ headers }).mode).toBeGreaterThan(0);
  });

  it("packs the root, and nothing of the kernel's", async () => {
    const names = [...entriesOf((await get("running", "/")).bytes).keys()];
    expect(names).toEqual(expect.arrayContaining(["/", "/bin/", "/bin/busybox", "/vol/v", "/memory/m", "/proc/"]));
    expect(names.filter((name) => /^\/(proc|sys)\/\d|^\/dev\/null/.test(name))).toEqual([]);
  });
});

describe("PUT", () => {
  it.each([
    ["running", "/bin/sh", 400, "extraction point is not a directory"],
    ["running", "/ro/f", 400, "extraction point is not a directory"],
    ["running", "/nope", 404, "Could not find the file /nope in container running"],
    ["running", "/ro", 400, "mounted volume is marked read-only"],
    ["running", "/to-frozen", 400, "mounted volume is marked read-only"],
    ["running", "", 400, "bad parameter: pathcannot be empty"],
    ["frozen", "/", 400, "container rootfs is marked read-only"],
    ["frozen", "/etc", 400, "container rootfs is marked read-only"],
    ["none-such", "/", 404, "No such container: none-such"],
  ])("into %s %j is refused with %i", async (name, path, status, message) => {
    const answer = await put(name, path, packTar([file("f")]));
    expect([answer.status, messageOf(answer)]).toEqual([status, message]);
  });

  it.each([
    ["running", "/", "/f"],
    ["running", "/link", "/bin/f"],
    ["running", "/vol/", "/vol/f"],
    ["running", "/to-volume/.", "/vol/f"],
    ["running", "/memory", "/memory/f"],
    ["frozen", "/vol", "/vol/f"],
  ])("into %s %j writes %s", async (name, path, place) => {
    const text = `${name} ${path}`;
    expect((await put(name, path, packTar([file("f", text, { uid: 5, gid: 6 })]))).status).toBe(200);
    expect(await inside(`cat ${place}; stat -c ' %u:%g' ${place}`)).toBe(`${text} 5:6`);
  });

  it("puts a folder in the place of a file, and the other way round, unless told not to", async () => {
    const folder: TarEntry = { name: "kind", type: "directory", mode: 0o755 };
    await put("running", "/d", packTar([file("kind")]));
    const refused = await put("running", "/d", packTar([folder]), "&noOverwriteDirNonDir=1");
    expect([refused.status, messageOf(refused)]).toEqual([409, 'cannot overwrite non-directory "kind" with directory "/d"']);
    expect((await put("running", "/d", packTar([folder]))).status).toBe(200);
    const again = await put("running", "/d", packTar([file("kind")]), "&noOverwriteDirNonDir=true");
    expect([again.status, messageOf(again)]).toEqual([409, 'cannot overwrite directory "kind" with non-directory "/d"']);
    expect((await put("running", "/d", packTar([file("kind")]))).status).toBe(200);
  });

  it("gives everything to the container's user where asked to", async () => {
    await docker.ok("create", "--name", "user", "--network", "none", "-u", "7:8", BUSYBOX, "stat", "-c", "%u:%g", "/tmp/a", "/tmp/b");
    await put("user", "/tmp", packTar([file("a", "", { uid: 1 })]), "&copyUIDGID=1");
    await put("user", "/tmp", packTar([file("b", "", { uid: 1, gid: 2 })]));
    expect(await docker.ok("start", "-a", "user")).toBe("7:8\n1:2");
  });

  it("leaves the folder itself, and makes those that the archive does not list", async () => {
    await put("running", "/d", packTar([{ name: "./", type: "directory", mode: 0o700, uid: 9 }, file("new/deep/f")]));
    expect(await inside("stat -c '%a %u' /d /d/new/deep")).toBe("1777 0\n755 0");
  });

  it("keeps what an archive says of each kind of file", async () => {
    const entries: TarEntry[] = [
      file("x/file", "data", { mode: 0o4711, uid: 3, gid: 4, mtime: 1_000_000, pax: { "SCHILY.xattr.user.k": "v" } }),
      { name: "x/hard", type: "link", mode: 0o644, linkname: "x/file" },
      { name: "x/sym", type: "symlink", mode: 0o777, linkname: "../../out", uid: 5 },
      { name: "x/fifo", type: "fifo", mode: 0o600 },
      { name: "x/null", type: "character", mode: 0o666, major: 1, minor: 3 },
    ];
    expect((await put("running", "/d", packTar(entries))).status).toBe(200);
    expect(await inside("cd /d/x; stat -c '%n %a %u %g %h %F %Y' file sym fifo null; readlink sym")).toBe(
      "file 4711 3 4 2 regular file 1000000\nsym 777 5 0 1 symbolic link 0\nfifo 600 0 0 1 fifo 0\n" +
        "null 666 0 0 1 character special file 0\n../../out",
    );
    const back = entriesOf((await get("running", "/d/x")).bytes);
    expect(back.get("x/hard")).toMatchObject({ type: "hardlink", target: "x/file" });
    expect(back.get("x/file")).toMatchObject({ mode: 0o4711, user: 3, modified: { seconds: 1_000_000 }, content: Buffer.from("data") });
    expect(back.get("x/file")?.xattrs.get("user.k")).toBe("v");
    expect(back.get("x/null")).toMatchObject({ type: "char", major: 1, minor: 3 });
  });

  it.each([
    ["above the folder", [file("../out")], 'invalid entry name "../out"'],
    ["that links out of it", [{ name: "h", type: "link", mode: 0o644, linkname: "../../bin/sh" }], /"h": its link leads out/],
    ["that an overlay takes for a deletion", [{ name: "w", type: "character", mode: 0, major: 0, minor: 0 }], /0:0 is not allowed/],
    ["over a file that is mounted", [file("hosts")], "hosts: device or resource busy"],
  ] as [string, TarEntry[], string | RegExp][])("refuses an entry %s", async (_, entries, message) => {
    const answer = await put("running", "/etc", packTar(entries));
    expect([400, 409]).toContain(answer.status);
    expect(messageOf(answer)).toMatch(message);
    expect(await inside("cat /etc/passwd | head -1")).toMatch(/^root/);
  });

  it.each([
    ["no archive", Buffer.from("this is no archive")],
    ["half an archive", packTar([file("half", "x".repeat(5000))]).subarray(0, 2000)],
    ["half a gzip stream", gzipSync(packTar([file("half", "x".repeat(5000))])).subarray(0, 40)],
  ])("refuses %s, and the container lives on", async (_, archive) => {
    const answer = await put("running", "/tmp", archive);
    expect([answer.status, messageOf(answer)]).toEqual([400, expect.stringContaining("the archive is broken")]);
    expect(await inside("echo lives")).toBe("lives");
  });

  it.each([
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
    ["xz", (bytes: Buffer) => execFileSync("xz", ["-c"], { input: bytes })],
    ["bzip2", (bytes: Buffer) => execFileSync("bzip2", ["-c"], { input: bytes })],
  ])("P11, CVE-2014-9357, CVE-2026-41567: takes %s, and runs no program of the container for it", async (name, compress) => {
    const programs = ["xz", "unxz", "unpigz", "pigz", "zstd", "gzip", "bzip2", "tar"];
    await inside(
      `mkdir -p /usr/bin /usr/local/bin; for p in ${programs.join(" ")}; do for d in /usr/bin /usr/local/bin; do
        printf '#!/bin/sh\\ntouch /executed\\n' > $d/$p; chmod 755 $d/$p; done; done`,
    );
    expect((await put("running", "/tmp", compress(packTar([file(`by-${name}`, name)])))).status).toBe(200);
    expect(await inside(`cat /tmp/by-${name}; ls /executed 2>/dev/null || echo " not executed"`)).toBe(`${name} not executed`);
  });
});

describe("a container that never ran", () => {
  it("takes what compose sends: secrets and configurations, by paths below / that go through volumes", async () => {
    const archive = packTar([file("run/secrets/key", "secret", { mode: 0o400 }), file("vol/conf", "conf"), file("memory/lost", "x")]);
    expect((await put("created", "/", archive)).status).toBe(200);
    expect(entriesOf((await get("created", "/run/secrets/key")).bytes).get("key")).toMatchObject({ mode: 0o400 });
    expect(await inside("cat /vol/conf")).toBe("conf");
    const [secret] = [await docker.ok("run", "--rm", "--volumes-from", "created", BUSYBOX, "cat", "/vol/conf")];
    expect(secret).toBe("conf");
  });

  it("has its volumes filled from the image before anything is copied in", async () => {
    await docker.ok("create", "--name", "fills", "--network", "none", "-v", "filled:/etc", BUSYBOX, "cat", "/etc/passwd", "/etc/added");
    expect((await put("fills", "/etc", packTar([file("added", "added")]))).status).toBe(200);
    expect(await docker.ok("start", "-a", "fills")).toMatch(/^root:.*added$/s);
  });

  it("shows what was copied when it starts", async () => {
    await docker.ok("create", "--name", "later", "--network", "none", BUSYBOX, "cat", "/tmp/early");
    await put("later", "/tmp", packTar([file("early", "early")]));
    expect(await docker.ok("start", "-a", "later")).toBe("early");
    await put("later", "/tmp", packTar([file("early", "late")]));
    expect(await docker.ok("start", "-a", "later")).toBe("late");
  });
});

describe("a long archive", () => {
  const bytes = Buffer.alloc(20 * 1024 * 1024, "0123456789abcde");

  it("goes in and comes out whole, while the daemon answers others", async () => {
    const sent = put("running", "/tmp", packTar([{ name: "long", type: "file", mode: 0o644, data: bytes }]));
    expect((await daemon.api("GET", "/_ping")).status).toBe(200);
    expect((await sent).status).toBe(200);
    const back = entriesOf((await get("running", "/tmp/long")).bytes).get("long")?.content;
    expect(back?.equals(bytes)).toBe(true);
  });

  it("leaves no descriptor of the connections that it is read from", async () => {
    await put("running", "/tmp", packTar([file("first")]));
    const before = descriptors();
    for (let round = 0; round < 20; round++) expect((await put("running", "/tmp", packTar([file("again")]))).status).toBe(200);
    await eventually(() => expect(descriptors()).toBeLessThan(before + 10));
  });

  it("may be given up in the middle", async () => {
    for (let round = 0; round < 12; round++) {
      const response = await fetchSome(daemon.socket, "/containers/running/archive?path=/tmp/long");
      response.destroy();
    }
    expect((await head("running", "/tmp/long")).status).toBe(200);
    expect(readFileSync(`/proc/${daemon.pid}/mountinfo`, "utf8")).not.toContain("/root");
  });
});

async function fetchSome(socketPath: string, path: string): Promise<{ destroy(): void }> {
  const { request } = await import("node:http");
  return new Promise((resolve, reject) => {
    request({ socketPath, path }, (response) => response.once("data", () => resolve(response)))
      .on("error", reject)
      .end();
  });
}
