import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { packTar } from "#lib/tar-pack.ts";
import { download, entriesOf } from "../../support/archives.ts";
import { type Answer, useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

/** Commit, diff and export, as dockerd 28.5 does them. */
const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

const inside = (script: string, name = "worked"): Promise<string> => docker.ok("exec", "-u", "0", name, "sh", "-c", script);
const commit = (query: Record<string, string>, body?: unknown): Promise<Answer> =>
  daemon.api("POST", `/commit?${new URLSearchParams(query).toString()}`, body);
const inspectImage = async (name: string, version = "1.51"): Promise<Record<string, unknown>> =>
  (await daemon.api("GET", `/v${version}/images/${name}/json`)).json as Record<string, unknown>;

beforeAll(async () => {
  const flags = ["-e", "A=1", "-l", "lab=x", "-w", "/w", "-u", "1:2", "--expose", "80", "-v", "/vv", "-h", "hosty", "--tmpfs", "/memory"];
  await docker.ok("run", "-d", "--name", "worked", "--network", "none", ...flags, BUSYBOX, "sh", "-c", "sleep 1000");
  await inside(`echo hi > /new; ln /new /new2; ln -s /new /sym; rm /bin/vi; rm -rf /usr; mkdir /usr; touch /usr/n; rm -r /home
    echo changed >> /etc/passwd; mkdir -p /deep/a/b; chmod 4711 /deep/a; chown 5:6 /deep/a/b; mkfifo /deep/fifo; mknod /deep/null c 1 3
    echo v > /vv/v; echo m > /memory/m; touch -d @1000000 /deep/old`);
});

describe("docker diff", () => {
  it("tells what was added, changed and deleted, folders of what changed included, and nothing of volumes", async () => {
    expect((await docker.ok("diff", "worked")).split("\n")).toEqual(
      [
        "C /bin, D /bin/vi, A /deep, A /deep/a, A /deep/a/b, A /deep/fifo, A /deep/null, A /deep/old",
        "C /etc, C /etc/passwd, D /home, A /memory, A /new, A /new2, A /sym, C /usr, D /usr/bin, A /usr/n, A /vv, A /w",
      ].flatMap((line) => line.split(", ")),
    );
  });

  it("is null for a container that changed nothing", async () => {
    await docker.ok("create", "--name", "idle", BUSYBOX, "true");
    expect((await daemon.api("GET", "/containers/idle/changes")).text.trim()).toBe("null");
    expect((await daemon.api("GET", "/containers/none-such/changes")).status).toBe(404);
  });
});

describe("docker export", () => {
  it("packs the whole root, without what is mounted in it", async () => {
    const { status, headers, bytes } = await download(daemon, "/containers/worked/export");
    expect([status, headers["content-type"]]).toEqual([200, "application/octet-stream"]);
    const entries = entriesOf(bytes);
    const names = [...entries.keys()];
    expect(names).toEqual(expect.arrayContaining([".dockerenv", "bin/busybox", "new", "usr/", "vv/", "memory/", "proc/", "dev/console"]));
    expect(
      names.filter((name) => /^(vv|memory|proc|sys)\/.|^bin\/vi$|^\//.test(name) && name !== "sys/fs/" && name !== "sys/fs/cgroup/"),
    ).toEqual([]);
    expect(entries.get("new2")).toMatchObject({ type: "hardlink", target: "new" });
    expect(entries.get("deep/a/")).toMatchObject({ mode: 0o4711, type: "folder" });
    expect(entries.get("deep/null")).toMatchObject({ type: "char", major: 1, minor: 3 });
  });

  it("is what docker import makes an image of", async () => {
    const { bytes } = await download(daemon, "/containers/worked/export");
    expect((await daemon.api("POST", "/images/create?fromSrc=-&repo=imported", bytes)).status).toBe(200);
    expect(await docker.ok("run", "--rm", "--network", "none", "imported", "cat", "/new")).toBe("hi");
  });

  it("answers 404 for a container that is not there", async () => {
    expect((await daemon.api("GET", "/containers/none-such/export")).status).toBe(404);
  });
});

describe("docker commit", () => {
  const changes = ['CMD ["cat","/new"]', "ENV B=2 A=9", "LABEL q=r", "EXPOSE 90", "USER 5", "WORKDIR sub", "VOLUME /v2"];
  const more = ["ONBUILD RUN x", "STOPSIGNAL 9", "HEALTHCHECK --interval=3s CMD true"];

  it("makes an image that has what the container changed, and runs as it was told", async () => {
    const flags = [...changes, ...more].flatMap((change) => ["-c", change]);
    const id = await docker.ok("commit", "-m", "a message", "-a", "me <a@b>", ...flags, "worked", "my/image:t1");
    const base = await inspectImage(BUSYBOX);
    const image = await inspectImage("my/image:t1");
    expect(image).toMatchObject({
      Id: id,
      RepoTags: ["my/image:t1"],
      Parent: base["Id"],
      Comment: "a message",
      Author: "me <a@b>",
      Config: {
        Cmd: ["cat", "/new"],
        Env: ["A=9", "PATH=/bin:/usr/bin", "B=2"],
        ExposedPorts: { "80/tcp": {}, "90/tcp": {} },
        Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 3_000_000_000 },
        Labels: { lab: "x", q: "r" },
        OnBuild: ["RUN x"],
        StopSignal: "9",
        User: "5",
        Volumes: { "/v2": {}, "/vv": {} },
        WorkingDir: "/w/sub",
      },
    });
    const layers = (image["RootFS"] as { Layers: string[] }).Layers;
    expect(layers).toEqual([...(base["RootFS"] as { Layers: string[] }).Layers, expect.stringMatching(/^sha256:[0-9a-f]{64}$/)]);
    expect(await docker.ok("run", "--rm", "--network", "none", "my/image:t1")).toBe("hi");
    expect(await docker.ok("history", "--no-trunc", "--format", "{{.CreatedBy}}|{{.Comment}}|{{.Size}}", "my/image:t1")).toMatch(
      /^sh -c sleep 1000\|a message\|\d+B\n/,
    );
  });

  it("tells clients before API 1.45 of the container", async () => {
    const { Id } = (await daemon.api("GET", "/containers/worked/json")).json as { Id: string };
    const config = { Hostname: "hosty", User: "1:2", Cmd: ["sh", "-c", "sleep 1000"], Env: ["A=1", "PATH=/bin:/usr/bin"] };
    expect(await inspectImage("my/image:t1", "1.44")).toMatchObject({ Container: Id, ContainerConfig: config });
    expect(await inspectImage("my/image:t1")).not.toHaveProperty("ContainerConfig");
  });

  it("leaves a root that is the container's, to the last node", async () => {
    await docker.ok("create", "--name", "child", "--network", "none", "my/image:t1");
    const [before, after] = await Promise.all(
      ["worked", "child"].map(async (name) => entriesOf((await download(daemon, `/containers/${name}/export`)).bytes)),
    );
    const shown = (entries: typeof before, path: string): unknown => {
      const entry = entries?.get(path);
      // Of some in /etc the time is when the engine last put its own files there.
      const modified = path.startsWith("etc/") && path !== "etc/passwd" ? undefined : entry?.modified;
      return entry === undefined ? "missing" : { ...entry, modified, content: entry.content.toString("base64"), xattrs: [...entry.xattrs] };
    };
    const paths = [...(before?.keys() ?? [])].filter((path) => /^(bin|deep|etc|home|new|sym|usr|var|tmp|root)/.test(path));
    expect(paths.length).toBeGreaterThan(20);
    for (const path of paths) expect(shown(after, path)).toEqual(shown(before, path));
    expect([...(after?.keys() ?? [])].filter((path) => /^(home|bin\/vi|usr\/bin)/.test(path))).toEqual([]);
  });

  it("holds the container still while it reads, unless told not to, and tells of it all", async () => {
    const since = Date.now() / 1000;
    await commit({ container: "worked", repo: "still" });
    await commit({ container: "worked", repo: "moving", pause: "0", comment: "c" });
    await eventually(async () => {
      const lines = (await daemon.api("GET", `/events?since=${since}&until=${Date.now() / 1000 + 0.001}`)).text.trim().split("\n");
      const events = lines.map(
        (line) => JSON.parse(line) as { Type: string; Action: string; Actor: { Attributes: Record<string, string> } },
      );
      expect(events.map(({ Type, Action }) => `${Type} ${Action}`)).toEqual(
        [
          "container pause, container unpause, image create, image tag, container commit",
          "image create, image tag, container commit",
        ].flatMap((line) => line.split(", ")),
      );
      const { Id } = (await inspectImage("moving:latest")) as { Id: string };
      expect(events.at(-1)?.Actor.Attributes).toMatchObject({
        comment: "c",
        imageID: Id,
        imageRef: "moving:latest",
        name: "worked",
        lab: "x",
      });
    });
    expect(await docker.ok("inspect", "-f", "{{.State.Status}}", "worked")).toBe("running");
  });

  it("lays a body's configuration over the container's", async () => {
    const { status, json } = await commit({ container: "worked" }, { Cmd: ["a"], Env: ["Z=1"], Labels: { l: "m" } });
    expect(status).toBe(201);
    expect((await inspectImage((json as { Id: string }).Id))["Config"]).toMatchObject({
      Cmd: ["a"],
      Env: ["Z=1", "A=1", "PATH=/bin:/usr/bin"],
      Labels: { l: "m", lab: "x" },
      User: "1:2",
      WorkingDir: "/w",
    });
  });

  it("makes no layer of nothing", async () => {
    const { json } = await commit({ container: "idle" });
    const image = await inspectImage((json as { Id: string }).Id);
    expect(image["RootFS"]).toEqual((await inspectImage(BUSYBOX))["RootFS"]);
    expect(await docker.ok("history", "-q", (json as { Id: string }).Id)).toMatch(/^[0-9a-f]+\n[0-9a-f]+$/);
  });

  it("makes a chain, and each can be removed", async () => {
    await docker.ok("run", "--name", "second", "--network", "none", "my/image:t1", "sh", "-c", "true");
    await put("second", "/v3", "f");
    await docker.ok("commit", "second", "my/image:t2");
    expect((await inspectImage("my/image:t2"))["Parent"]).toBe((await inspectImage("my/image:t1"))["Id"]);
    expect((await daemon.api("DELETE", "/images/my/image:t1")).status).toBe(409);
    expect(await docker.ok("run", "--rm", "--network", "none", "--entrypoint", "cat", "my/image:t2", "/new", "/v3/f")).toBe("hi\nf");
    await docker.ok("rm", "-f", "second", "child");
    await docker.ok("rmi", "my/image:t2", "my/image:t1");
  });

  async function put(name: string, folder: string, file: string): Promise<void> {
    const entries = [{ name: `${folder.slice(1)}/${file}`, type: "file" as const, mode: 0o644, data: Buffer.from(file) }];
    expect((await daemon.api("PUT", `/containers/${name}/archive?path=/`, packTar(entries))).status).toBe(200);
  }

  it.each([
    [{ container: "none-such" }, 404, "No such container: none-such"],
    [{ container: "worked", repo: "Bad" }, 400, /must be lowercase/],
    [{ container: "worked", repo: "a", tag: "b c" }, 400, /tag/],
    [{ container: "worked", changes: "RUN x" }, 400, "RUN is not a valid change command"],
    [{}, 400, 'invalid name or ID supplied: ""'],
  ] as [Record<string, string>, number, string | RegExp][])("of %o answers %i", async (query, status, message) => {
    const answer = await commit(query);
    expect(answer.status).toBe(status);
    expect((answer.json as { message: string }).message).toMatch(message);
  });
});

describe("sizes", () => {
  it("are those of what was written, and of all below", async () => {
    await docker.ok("create", "--name", "sized", BUSYBOX, "true");
    await daemon.api(
      "PUT",
      "/containers/sized/archive?path=/tmp",
      packTar([{ name: "f", type: "file", mode: 0o644, data: Buffer.alloc(3_000_000, 1) }]),
    );
    const { SizeRw, SizeRootFs } = (await daemon.api("GET", "/containers/sized/json?size=1")).json as {
      SizeRw: number;
      SizeRootFs: number;
    };
    expect(SizeRw).toBeGreaterThanOrEqual(3_000_000);
    expect(SizeRw).toBeLessThan(3_100_000);
    expect(SizeRootFs - SizeRw).toBeGreaterThan(1_900_000);
    const row = ((await daemon.api("GET", "/containers/json?all=1&size=1")).json as { Names: string[]; SizeRw: number }[]).find(
      ({ Names }) => Names.includes("/sized"),
    );
    expect(row?.SizeRw).toBe(SizeRw);
  });
});

describe("a daemon that is killed in the middle of a commit", () => {
  it("leaves the container running, and nothing half-made", async () => {
    await inside("dd if=/dev/zero of=/large bs=1M count=400 2>/dev/null");
    const snapshots = join(daemon.instance.dataRoot, "snapshots/overlay2/staging");
    const state = async (): Promise<string> => (await daemon.api("GET", "/containers/worked/json")).json.State.Status as string;
    // One that was over before anybody saw it at work was not interrupted, and another one begins.
    for (let [seen, round] = [false, 0]; !seen; round++) {
      expect(round).toBeLessThan(10);
      if (round > 0) await daemon.api("DELETE", "/images/doomed");
      let isOver = false;
      const doomed = commit({ container: "worked", repo: "doomed" })
        .catch(() => undefined)
        .then(() => (isOver = true));
      while (!seen && !isOver) seen = (await state()) === "paused";
      if (seen) await daemon.kill();
      await doomed;
    }
    await daemon.start();
    expect(await docker.ok("inspect", "-f", "{{.State.Status}}", "worked")).toBe("running");
    expect(await inside("echo goes on")).toBe("goes on");
    expect((await daemon.api("GET", "/images/doomed/json")).status).toBe(404);
    await eventually(() =>
      expect([...readdirSync(snapshots), ...readdirSync(join(daemon.instance.dataRoot, "content/ingest"))]).toEqual([]),
    );
    expect((await commit({ container: "worked", repo: "doomed" })).status).toBe(201);
  });
});
