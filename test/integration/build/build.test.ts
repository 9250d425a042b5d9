import { existsSync, readdirSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packTar, type TarEntry } from "#lib/tar-pack.ts";
import { useDaemon, type Answer } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { useFolders } from "../../support/folders.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

/** `docker build` over the classic wire: the docker command line, and bare requests as dockerode and docker-py send them. */
const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);
const CLASSIC = { environment: { DOCKER_BUILDKIT: "0" } };
/** On the disk. */
const context = useFolders();

const build = (root: string, ...flags: string[]) => docker.run(["build", ...flags, root], CLASSIC);
const text = (name: string, data: string): TarEntry => ({ name, type: "file", mode: 0o644, data: Buffer.from(data) });

interface Line {
  readonly stream?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly code?: number; readonly message: string };
  readonly aux?: { readonly ID?: string };
}

/** A bare request with a context of these entries. */
async function post(
  query: Record<string, string>,
  entries: readonly TarEntry[],
): Promise<{ answer: Answer; lines: Line[]; shown: string }> {
  const answer = await daemon.api("POST", `/build?${new URLSearchParams(query).toString()}`, packTar(entries));
  const lines =
    answer.status === 200
      ? answer.text
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line) as Line)
      : [];
  return { answer, lines, shown: lines.map(({ stream = "" }) => stream).join("") };
}

const dockerfile = (...lines: string[]): TarEntry => text("Dockerfile", `${lines.join("\n")}\n`);

describe("a Dockerfile", () => {
  it("becomes an image that runs, stages side by side, and the same image out of the cache", async () => {
    const root = context({
      Dockerfile: `FROM ${BUSYBOX} AS base
ARG WHO=world
ENV GREETING=hi
WORKDIR /app
COPY a.txt dir/ ./
RUN echo "$GREETING $WHO" > out.txt && echo told >&2
FROM base AS other
RUN echo other > /other
FROM base AS unused
RUN exit 1
FROM base
RUN echo final > /final
COPY --from=other /other /o/
CMD ["cat", "/app/out.txt", "/final", "/o/other", "a.txt", "b.txt"]
`,
      "a.txt": "a\n",
      "dir/b.txt": "b\n",
    });
    const first = await build(root, "-t", "built:one", "--build-arg", "WHO=you");
    expect(first.stdout).toContain(`Step 1/12 : FROM ${BUSYBOX} AS base\n ---> ${await docker.ok("images", "-q", BUSYBOX)}\n`);
    expect(first.stdout).toContain("Step 6/12 : RUN echo");
    expect(first.stdout).toMatch(
      / ---> Running in [0-9a-f]{12}\ntold\n ---> Removed intermediate container [0-9a-f]{12}\n ---> [0-9a-f]{12}\n/,
    );
    expect(first.stdout).toMatch(/Successfully built [0-9a-f]{12}\nSuccessfully tagged built:one\n$/);
    expect(first.stdout).not.toContain("exit 1");
    expect((await docker.ok("run", "--rm", "--network", "none", "built:one")).split("\n")).toEqual(["hi you", "final", "other", "a", "b"]);
    const again = await build(root, "-t", "built:two", "--build-arg", "WHO=you");
    expect(again.stdout.match(/ ---> Using cache/g)).toHaveLength(6);
    expect(again.stdout).not.toContain("Running in");
    expect(await docker.ok("images", "-q", "built:two")).toBe(await docker.ok("images", "-q", "built:one"));
    expect((await docker.ok("history", "-q", "built:one")).split("\n")).toHaveLength(9);
  });

  it("says which command failed, with its code, and leaves no image", async () => {
    const { lines, shown } = await post({ t: "broken" }, [dockerfile(`FROM ${BUSYBOX}`, "RUN echo before; exit 7")]);
    expect(shown).toContain("Step 2/2 : RUN echo before; exit 7\n ---> Running in");
    expect(shown).toContain("before\n");
    const message = "The command '/bin/sh -c echo before; exit 7' returned a non-zero code: 7";
    expect(lines.at(-1)).toEqual({ errorDetail: { code: 7, message }, error: message });
    expect((await daemon.api("GET", "/images/broken/json")).status).toBe(404);
  });

  it("refuses what is wrong before anything is built, with a status of its own", async () => {
    const refused = async (query: Record<string, string>, ...lines: string[]): Promise<[number, string]> => {
      const { answer } = await post(query, [dockerfile(...lines)]);
      return [answer.status, (answer.json as { message: string }).message];
    };
    expect(await refused({}, "FROM scratch", "FOO bar")).toEqual([400, expect.stringContaining("unknown instruction: FOO")]);
    expect(await refused({ version: "2" }, "FROM scratch")).toEqual([501, expect.stringContaining("DOCKER_BUILDKIT=0")]);
    expect(await refused({ dockerfile: "none" }, "FROM scratch")).toEqual([400, "Cannot locate specified Dockerfile: none"]);
    expect(await refused({ dockerfile: "../../etc/passwd" }, "FROM scratch")).toEqual([
      400,
      expect.stringContaining("outside the build context"),
    ]);
    expect(await refused({ buildargs: "[1]" }, "FROM scratch")).toEqual([400, expect.stringContaining("buildargs")]);
    expect(await refused({ t: "UPPER" }, "FROM scratch")).toEqual([400, expect.stringContaining("invalid reference format")]);
  });

  it("takes the parameters of clients: several names, labels, null arguments, an empty list of caches, a quiet build", async () => {
    const query = `t=par:1&t=par:2&q=1&cachefrom=[]&rm=1&networkmode=none&labels=${encodeURIComponent('{"of":"x"}')}`;
    const entries = [dockerfile("ARG BASE", `FROM $BASE`, "ARG A=default", "RUN echo $A > /a"), text("unused", "")];
    const args = encodeURIComponent(JSON.stringify({ BASE: BUSYBOX, A: null }));
    const answer = await daemon.api("POST", `/build?${query}&buildargs=${args}`, packTar(entries));
    const id = /sha256:[0-9a-f]{64}/.exec(answer.text)?.[0] ?? "";
    expect(answer.text.trim()).toBe(JSON.stringify({ stream: `${id}\n` }));
    const image = (await daemon.api("GET", "/images/par:2/json")).json as { Id: string; RepoTags: string[]; Config: { Labels: object } };
    expect(image).toMatchObject({ Id: id, RepoTags: ["par:1", "par:2"], Config: { Labels: { of: "x" } } });
    expect(await docker.ok("run", "--rm", "--network", "none", "par:1", "cat", "/a")).toBe("default");
  });
});

describe("the cache", () => {
  const lines = [`FROM ${BUSYBOX}`, "COPY data /data", "RUN cat /data > /copy"];
  const cached = async (...entries: TarEntry[]): Promise<number> => {
    const { shown, lines: told } = await post({ networkmode: "none" }, entries);
    expect(told.at(-1)?.error).toBeUndefined();
    return shown.match(/Using cache/g)?.length ?? 0;
  };
  const data = (change: Partial<TarEntry> = {}): TarEntry => ({ ...text("data", "one"), ...change });

  it("goes by content, modes and links, and by no time and no name of the context's", async () => {
    expect(await cached(dockerfile(...lines), data())).toBe(0);
    expect(await cached(dockerfile(...lines), data({ mtime: 1000 }), text("other", "x"))).toBe(2);
    expect(await cached(dockerfile(...lines), data({ data: Buffer.from("two") }))).toBe(0);
    // Another mode makes another layer, and so another tree for what comes after it.
    expect(await cached(dockerfile(...lines), data({ mode: 0o600 }))).toBe(0);
    expect(await cached(dockerfile(...lines), data())).toBe(2);
  });

  it("knows the arguments and variables that a command can see, and no others", async () => {
    const file = (value: string): TarEntry => dockerfile(`FROM ${BUSYBOX}`, "ARG SEEN", `ENV V=${value}`, "RUN env > /env");
    const run = async (value: string, args: object): Promise<number> => {
      const { shown } = await post({ networkmode: "none", buildargs: JSON.stringify(args) }, [file(value)]);
      return shown.match(/Using cache/g)?.length ?? 0;
    };
    expect(await run("1", { SEEN: "a" })).toBe(0);
    expect(await run("1", { SEEN: "a", HTTP_PROXY: "http://p" })).toBe(1);
    expect(await run("1", { SEEN: "b" })).toBe(0);
    expect(await run("2", { SEEN: "a" })).toBe(0);
  });

  it("is shown by df, and pruned; what an image has stays", async () => {
    const { lines: made } = await post({ t: "kept", networkmode: "none" }, [dockerfile(`FROM ${BUSYBOX}`, "RUN echo kept > /kept")]);
    expect(made.at(-1)?.stream).toContain("Successfully tagged kept:latest");
    const df = (await daemon.api("GET", "/v1.47/system/df?type=build-cache")).json as {
      BuildCache: { ID: string; Description: string; Shared: boolean }[];
    };
    expect(df.BuildCache.find(({ Description }) => Description.includes("echo kept"))).toMatchObject({
      Type: "regular",
      Shared: true,
      UsageCount: 0,
    });
    const pruned = (await daemon.api("POST", "/build/prune?all=1")).json as { CachesDeleted: string[]; SpaceReclaimed: number };
    expect(pruned.CachesDeleted).toHaveLength(df.BuildCache.length);
    expect(((await daemon.api("GET", "/v1.47/system/df?type=build-cache")).json as { BuildCache: object[] }).BuildCache).toEqual([]);
    expect(await docker.ok("run", "--rm", "--network", "none", "kept", "cat", "/kept")).toBe("kept");
    expect((await daemon.api("POST", "/build/prune")).json).toEqual({ CachesDeleted: null, SpaceReclaimed: 0 });
  });
});

describe("the store", () => {
  it("has nothing afterwards that nobody needs, not even of steps that changed nothing or failed", async () => {
    await post({ networkmode: "none" }, [dockerfile(`FROM ${BUSYBOX}`, "RUN true", "RUN echo > /left && false")]);
    // What a build replaced goes behind its answer.
    await eventually(async () => {
      const { Findings } = (await daemon.api("POST", "/system/doctor")).json as { Findings: object[] };
      expect(Findings).toEqual([]);
    });
  });
});

describe("a build that is given up", () => {
  it("ends the command that runs, and leaves nothing", async () => {
    await startAndLeave([dockerfile(`FROM ${BUSYBOX}`, "RUN --network=none echo begun; sleep 1000")], "begun\\n");
    await eventually(() => expect(leftovers()).toEqual([]));
  });
});

/** Sends a build, and hangs up when it has said something. */
function startAndLeave(entries: readonly TarEntry[], until: string): Promise<void> {
  const body = packTar(entries);
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath: daemon.socket, method: "POST", path: "/build", headers: { "content-length": body.length } },
      (response) => {
        let told = "";
        response.on("data", (chunk: Buffer) => {
          told += chunk.toString();
          if (told.includes(`"${until}"`)) sent.destroy();
        });
        response.on("close", () => (told.includes(until) ? resolve() : reject(new Error(`it said ${told}`))));
      },
    );
    sent.on("error", () => undefined).end(body);
  });
}

function leftovers(): string[] {
  return [...readdirOf("builds/jobs"), ...readdirOf("containers"), ...readdirOf("snapshots/overlay2/writables")];
}

function readdirOf(name: string): string[] {
  const path = join(daemon.instance.dataRoot, name);
  return existsSync(path) ? readdirSync(path) : [];
}
