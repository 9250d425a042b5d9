import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import type { ApiRequest, Reply } from "#http/route.ts";
import { Router } from "#http/router.ts";
import { digestOf } from "#image/record/image.ts";
import { chunked, configJson, dockerArchive, imageFixture, layerTar, type ImageFixture } from "#image/testing.ts";
import type { PushInput } from "#distribution/push/push.ts";
import type { ProgressSink } from "#spec/progress.ts";
import { familiarString } from "#spec/reference.ts";
import { imageRoutes } from "./routes.ts";

let fixture: ImageFixture;
let pull: (input: unknown, progress: ProgressSink, signal: AbortSignal) => Promise<void>;
let push: typeof pull;
let router: Router;
beforeEach(() => {
  fixture = imageFixture();
  [pull, push] = [async () => undefined, async () => undefined];
  router = new Router(
    imageRoutes({
      ...fixture.service,
      pull: (input, progress, signal) => pull(input, progress, signal),
      push: (input, progress, signal) => push(input, progress, signal),
    }),
  );
});
afterEach(() => fixture[Symbol.dispose]());

interface Asked {
  readonly body?: Uint8Array;
  readonly version?: readonly [number, number];
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

async function ask(method: string, address: string, asked: Asked = {}): Promise<Reply> {
  const url = new URL(address, "http://x");
  const match = router.match(method, url.pathname);
  if (match === undefined) throw new Error(`no route for ${method} ${address}`);
  const request = {
    method,
    path: url.pathname,
    params: match.params,
    query: url.searchParams,
    headers: asked.headers ?? {},
    apiVersion: asked.version ?? [1, 55],
    signal: asked.signal ?? new AbortController().signal,
    body: chunked(asked.body ?? new Uint8Array(0)),
    json: () => Promise.resolve(undefined),
  } satisfies ApiRequest;
  return match.route.handler(request);
}

async function body<T>(reply: Promise<Reply>): Promise<T> {
  const found = await reply;
  if (found.kind !== "json") throw new Error(`a ${found.kind} reply`);
  return JSON.parse(JSON.stringify(found.body)) as T;
}

async function lines(reply: Promise<Reply>): Promise<unknown[]> {
  const found = await reply;
  if (found.kind !== "stream") throw new Error(`a ${found.kind} reply`);
  const text = Buffer.concat(await Array.fromAsync(found.body)).toString();
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);
}

const base = layerTar("base", "12345");
const config = configJson([base], {
  created: "2024-05-06T07:08:09.123456789Z",
  config: { Env: ["A=1"], Labels: { of: "x" }, Cmd: ["sh"] },
  history: [
    { created: "2024-05-06T07:08:09Z", created_by: "ADD file", comment: "c" },
    { created_by: "ENV A=1", empty_layer: true },
  ],
});
const id = digestOf(config);
const archive = dockerArchive({ layers: [base], tags: ["app:v1"], config });

describe("what is here", () => {
  beforeEach(async () => {
    await lines(ask("POST", "/images/load", { body: archive }));
  });

  it("lists", async () => {
    const summary = {
      Id: id,
      ParentId: "",
      RepoTags: ["app:v1"],
      RepoDigests: [],
      Created: 1714979289,
      Size: 5,
      SharedSize: -1,
      Labels: { of: "x" },
      Containers: 0,
    };
    expect(await body(ask("GET", "/images/json"))).toEqual([summary]);
    expect(await body(ask("GET", "/images/json?shared-size=1", { version: [1, 50] }))).toEqual([
      { ...summary, SharedSize: 0, Containers: -1 },
    ]);
    expect(await body(ask("GET", "/images/json", { version: [1, 43] }))).toEqual([{ ...summary, Containers: -1, VirtualSize: 5 }]);
  });

  it("shows an image without a name as each version expects it", async () => {
    await ask("DELETE", "/images/app:v1");
    await lines(ask("POST", "/images/load", { body: dockerArchive({ layers: [base], config }) }));
    expect(await body(ask("GET", "/images/json"))).toMatchObject([{ RepoTags: [], RepoDigests: [] }]);
    expect(await body(ask("GET", "/images/json", { version: [1, 42] }))).toMatchObject([
      { RepoTags: ["<none>:<none>"], RepoDigests: ["<none>@<none>"] },
    ]);
  });

  it.each([
    ["filters=" + encodeURIComponent('{"reference":["app"]}'), 1],
    ["filters=" + encodeURIComponent('{"reference":{"other*":true}}'), 0],
    ["filter=app", 1],
    ["filter=other", 0],
  ])("filters by %s", async (query, count) => {
    expect(await body(ask("GET", `/images/json?${query}`))).toHaveLength(count);
  });

  it("refuses a filter that it does not know", async () => {
    await expect(ask("GET", `/images/json?filters=${encodeURIComponent('{"is-x":["1"]}')}`)).rejects.toThrow("invalid filter 'is-x'");
  });

  it("inspects", async () => {
    const inspected = {
      Id: id,
      RepoTags: ["app:v1"],
      RepoDigests: [],
      Created: "2024-05-06T07:08:09.123456789Z",
      Config: { Env: ["A=1"], Labels: { of: "x" }, Cmd: ["sh"] },
      Architecture: "amd64",
      Os: "linux",
      Size: 5,
      GraphDriver: { Name: "overlay2", Data: {} },
      RootFS: { Type: "layers", Layers: [digestOf(base)] },
    };
    const found = await body<{ Metadata: { LastTagTime: string } }>(ask("GET", "/images/app:v1/json"));
    expect(found).toMatchObject(inspected);
    expect(Math.abs(Date.parse(found.Metadata.LastTagTime) - Date.now())).toBeLessThan(60_000);
    expect(found).not.toHaveProperty("Parent");
  });

  it("inspects for older clients", async () => {
    const found = await body(ask("GET", "/images/app:v1/json", { version: [1, 24] }));
    expect(found).toMatchObject({
      Parent: "",
      Comment: "",
      DockerVersion: "",
      Author: "",
      Container: "",
      VirtualSize: 5,
      Config: { Cmd: ["sh"], Entrypoint: null, Volumes: null, Tty: false, User: "" },
      ContainerConfig: { Hostname: "" },
    });
  });

  it("inspects by platform, or not", async () => {
    const platform = (architecture: string): string => encodeURIComponent(JSON.stringify({ os: "linux", architecture }));
    expect(await body(ask("GET", `/images/app:v1/json?platform=${platform("amd64")}`))).toHaveProperty("Id", id);
    await expect(ask("GET", `/images/app:v1/json?platform=${platform("arm64")}`)).rejects.toThrow(
      "was found but its platform (linux/amd64) does not match",
    );
    await expect(ask("GET", `/images/app:v1/json?manifests=1&platform=${platform("amd64")}`)).rejects.toThrow("conflicting options");
    await expect(ask("GET", "/images/app:v1/json?platform=x")).rejects.toThrow("failed to parse platform");
    expect(await body(ask("GET", "/images/app:v1/json?platform=x", { version: [1, 48] }))).toHaveProperty("Id", id);
  });

  it("tells the history, newest first", async () => {
    expect(await body(ask("GET", "/images/app:v1/history"))).toEqual([
      { Id: id, Created: 0, CreatedBy: "ENV A=1", Tags: ["app:v1"], Size: 0, Comment: "" },
      { Id: "<missing>", Created: 1714979289, CreatedBy: "ADD file", Tags: [], Size: 5, Comment: "c" },
    ]);
  });

  it("tags with slashes and ports, and removes", async () => {
    expect(await ask("POST", "/images/app:v1/tag?repo=localhost:5000/a/b&tag=v2")).toEqual({ kind: "empty", status: 201 });
    expect(await body(ask("DELETE", "/images/localhost:5000/a/b:v2"))).toEqual([{ Untagged: "localhost:5000/a/b:v2" }]);
    expect(await body(ask("DELETE", "/images/app:v1"))).toEqual([{ Untagged: "app:v1" }, { Deleted: id }, { Deleted: digestOf(base) }]);
    await expect(ask("GET", "/images/app:v1/json")).rejects.toThrow(
      expect.objectContaining({ category: "not-found", message: "No such image: app:v1" }),
    );
  });
});

describe("what comes in", () => {
  it("loads, and tells of layers when it is not to be quiet", async () => {
    expect(await lines(ask("POST", "/images/load?quiet=0", { body: archive }))).toContainEqual({
      status: "Loading layer",
      id: digestOf(base).slice(7, 19),
      progressDetail: { current: base.length, total: base.length },
    });
  });

  it("tells of a bad archive in the stream", async () => {
    expect(await lines(ask("POST", "/images/load", { body: Buffer.from("x") }))).toEqual([
      { error: expect.stringContaining("invalid archive"), errorDetail: { message: expect.stringContaining("invalid archive") } },
    ]);
  });

  it("imports a file system", async () => {
    const query = new URLSearchParams({
      fromSrc: "-",
      repo: "rootfs",
      tag: "v1",
      changes: 'CMD ["sh"]',
      message: "hi",
      platform: "linux/arm64",
    });
    const [line] = (await lines(ask("POST", `/images/create?${query.toString()}`, { body: base }))) as [{ status: string }];
    expect(await body(ask("GET", "/images/rootfs:v1/json"))).toMatchObject({
      Id: line.status,
      Architecture: "arm64",
      Config: { Cmd: ["sh"] },
      Comment: "hi",
      Size: 5,
    });
  });

  it.each([
    ["fromSrc=http://127.0.0.1/x.tar", "not-implemented", "only - is supported"],
    ["fromSrc=-&changes=RUN x", "invalid", "RUN is not a valid change command"],
    ["fromSrc=-&repo=Foo", "invalid", "must be lowercase"],
    ["fromImage=../x", "invalid", "invalid reference format"],
    ["fromImage=x&platform=a/b/c/d", "invalid", "is an invalid platform"],
  ])("answers %s with an error of the request", async (query, category, message) => {
    await expect(ask("POST", `/images/create?${query}`, { body: base })).rejects.toThrow(
      expect.objectContaining({ category, message: expect.stringContaining(message) }),
    );
  });

  it("pulls what the parameters name", async () => {
    const asked: unknown[] = [];
    pull = async (input) => void asked.push(input);
    const digest = `sha256:${"a".repeat(64)}`;
    const auth = Buffer.from('{"username":"u","password":"p"}').toString("base64url");
    await ask("POST", "/images/create?fromImage=ubuntu&tag=22.04&platform=linux/arm64", { headers: { "x-registry-auth": auth } });
    await ask("POST", `/images/create?fromImage=a/b:x&tag=${digest}`);
    await ask("POST", "/images/create?fromImage=a:");
    expect(asked).toMatchObject([
      { reference: { path: "library/ubuntu", tag: "22.04" }, platform: { architecture: "arm64" }, auth: { credential: { kind: "basic" } } },
      { reference: { path: "a/b", tag: undefined, digest }, platform: undefined, auth: { credential: { kind: "anonymous" } } },
      { reference: { tag: undefined, digest: undefined } },
    ]);
  });

  it("answers an error before the first line by its kind, and after it in the stream", async () => {
    pull = () => Promise.reject(new EngineError("not-found", "manifest for x not found"));
    await expect(ask("POST", "/images/create?fromImage=x&tag=t")).rejects.toThrow(expect.objectContaining({ category: "not-found" }));
    pull = async (_, progress) => {
      progress({ status: "Pulling from library/x", id: "t" });
      await Promise.resolve();
      throw new EngineError("invalid", "a bad layer");
    };
    expect(await lines(ask("POST", "/images/create?fromImage=x&tag=t"))).toEqual([
      { status: "Pulling from library/x", id: "t" },
      { errorDetail: { message: "a bad layer" }, error: "a bad layer" },
    ]);
  });

  it("aborts the work when the client stops reading", async () => {
    const aborted = Promise.withResolvers<boolean>();
    pull = (_, progress, signal) => {
      progress({ status: "Pulling" });
      return new Promise(() => signal.addEventListener("abort", () => aborted.resolve(true)));
    };
    const reply = await ask("POST", "/images/create?fromImage=x&tag=t");
    if (reply.kind !== "stream") throw new Error("no stream");
    for await (const _ of reply.body) break;
    expect(await aborted.promise).toBe(true);
  });

  it("keeps one line a bar for a client that does not read", async () => {
    pull = async (_, progress) => {
      progress({ status: "Pulling", id: "t" });
      for (let current = 0; current < 100_000; current++)
        progress({ status: "Downloading", id: "l", progressDetail: { current, total: 100_000 } });
      progress({ status: "Download complete", id: "l", progressDetail: {} });
    };
    expect(await lines(ask("POST", "/images/create?fromImage=x&tag=t"))).toEqual([
      { status: "Pulling", id: "t" },
      { status: "Downloading", id: "l", progressDetail: { current: 99_999, total: 100_000 } },
      { status: "Download complete", id: "l", progressDetail: {} },
    ]);
  });
});

describe("what goes out", () => {
  it.each([
    ["POST", "/images/host:5000/team/app/push?tag=1", "host:5000/team/app:1", undefined],
    ["POST", "/images/team/app:1/push", "team/app:1", undefined],
    ["POST", "/images/team/app/push", "team/app", undefined],
    ["POST", "/images/app/push?tag=1&platform=%7B%22os%22%3A%22linux%22%2C%22architecture%22%3A%22arm64%22%7D", "app:1", "arm64"],
  ])("%s %s means %s", async (method, path, reference, architecture) => {
    const inputs: PushInput[] = [];
    push = async (input, progress) => {
      inputs.push(input as PushInput);
      progress({ status: "The push refers to repository [x]" });
    };
    const auth = Buffer.from(JSON.stringify({ username: "u", password: "p" })).toString("base64url");
    expect(await lines(ask(method, path, { headers: { "x-registry-auth": auth } }))).toEqual([
      { status: "The push refers to repository [x]" },
    ]);
    expect(inputs.map((input) => [familiarString(input.reference), input.platform?.architecture, input.auth.credential])).toEqual([
      [reference, architecture, { kind: "basic", username: "u", password: "p" }],
    ]);
  });

  it("a push that fails on the way says so in its stream", async () => {
    push = async (_, progress) => {
      progress({ status: "The push refers to repository [x]" });
      throw new EngineError("not-found", "tag does not exist: x:1");
    };
    expect((await lines(ask("POST", "/images/x/push?tag=1"))).at(-1)).toEqual({
      errorDetail: { message: "tag does not exist: x:1" },
      error: "tag does not exist: x:1",
    });
  });

  it.each(["/images/UPPER/push?tag=1", "/images/x/push?tag=-"])("%s is refused", async (path) => {
    await expect(ask("POST", path).then((reply) => reply)).rejects.toThrow(expect.objectContaining({ category: "invalid" }));
  });
});
