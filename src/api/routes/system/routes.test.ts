import { expect, test } from "vitest";
import type { Container } from "#container/record/container.ts";
import type { DiskUsage, UsageKind } from "#engine/disk-usage.ts";
import type { EngineInfo } from "#engine/info.ts";
import { describeVersion } from "#engine/version.ts";
import type { EngineEvent } from "#events/contract.ts";
import type { ImagesDiskUse } from "#image/list/disk-use.ts";
import type { ListedImage } from "#image/list/list.ts";
import type { Volume } from "#volume/volume.ts";
import type { ApiRequest, Reply } from "#http/route.ts";
import { Router } from "#http/router.ts";
import { readHostFacts } from "#sys/host/host-facts.ts";
import { describeHost } from "#sys/host/host-description.ts";
import type { SystemBackend } from "./backend.ts";
import { systemRoutes } from "./routes.ts";

const event: EngineEvent = { type: "image", action: "create", id: "x", attributes: { name: "x" }, timeNano: 1_700_000_000_000_000_001n };
const asked: unknown[] = [];
const DIGEST = `sha256:${"ab".repeat(32)}` as const;
const backend: SystemBackend = {
  version: () =>
    describeVersion({
      architecture: "amd64",
      kernelVersion: "6.1",
      minApiVersion: [1, 24],
      programs: [{ name: "crun", version: "1.8.1" }],
    }),
  info: () => Promise.resolve(info),
  diskUsage: (kinds) => Promise.resolve(usageOf(kinds)),
  examine: ({ repair }) =>
    Promise.resolve({
      blobs: 3,
      layers: 2,
      diagnoses: [
        {
          finding: { kind: "missing-blob", digest: DIGEST, role: "layer archive", images: [DIGEST] },
          outcome: repair ? { kind: "repaired", how: "fetched again from x" } : { kind: "found" },
        },
        { finding: { kind: "orphan-layer", chainId: DIGEST }, outcome: { kind: "not-repaired", why: "somebody uses it" } },
      ],
    }),
  events: {
    subscribe(options) {
      asked.push(options);
      return (async function* () {
        yield { ...event, action: "pull" };
        yield event;
      })();
    },
  },
};
const info: EngineInfo = {
  engineId: "11111111-1111-4111-8111-111111111111",
  version: "28.0.0+dhow.1",
  host: readHostFacts(),
  description: {
    ...describeHost(),
    operatingSystem: "Debian GNU/Linux 12 (bookworm)",
    controllers: new Set(["cpu", "memory", "pids", "cpuset"]),
  },
  runtimes: [{ name: "crun", path: "/usr/bin/crun", version: "1.8.1" }],
  initPath: "/usr/bin/tini-static",
  apparmorProfile: undefined,
  cdiDevices: ["vendor.com/gpu=0"],
  containers: { running: 2, paused: 1, stopped: 3 },
  images: 4,
  volumeDrivers: ["local", "sshfs"],
  storage: { driver: "overlay2", status: [["Backing Filesystem", "extfs"]] },
  settings: {
    labels: ["a=b"],
    debug: false,
    liveRestore: true,
    dataRoot: "/var/lib/dhow",
    logDriver: "json-file",
    logDrivers: ["json-file"],
    networkDrivers: ["bridge", "host", "null"],
    seccompProfile: "builtin",
    remapsUsers: false,
    cgroupDriver: "cgroupfs",
    addressPools: [{ base: "10.0.0.0/8", size: 24 }],
    insecureRegistries: ["10.1.0.0/16", "registry:5000"],
    mirrors: ["https://mirror/"],
    cdiFolders: ["/etc/cdi"],
    proxies: { http: "http://me:secret@proxy:1/", https: undefined, none: "localhost" },
  },
  eventListeners: 1,
  openFiles: 20,
  activeResources: 5,
  time: new Date(0),
};
/** One of each, with one container of the image and one volume that nobody has. */
function usageOf(kinds: ReadonlySet<UsageKind>): DiskUsage {
  const use = { writable: 100, root: 1100, logs: 20, lostOutput: 0 };
  return {
    images: kinds.has("image") ? { total: 1500, archives: 300, images: [image(1000, 600, 1), image(500, 0, 0)] } : undefined,
    containers: kinds.has("container")
      ? [{ listed: { container, sandbox: undefined, sizes: undefined, imageName: "app", linkNames: [], health: undefined }, use }]
      : undefined,
    volumes: kinds.has("volume")
      ? [{ volume: { name: "v", created: "", labels: {}, mountpoint: "/v" } as Volume, bytes: 7, references: 0 }]
      : undefined,
    buildCache: kinds.has("build-cache") ? [] : undefined,
  };
}

function image(total: number, shared: number, containers: number): ImagesDiskUse["images"][number] {
  const id = `sha256:${"0".repeat(64)}` as const;
  const image = { id, parent: null, config: {}, layers: [] } as unknown as ListedImage["image"];
  const listed = { image, references: [], size: 1, sharedSize: undefined, containers };
  return { listed, use: { total, shared, archives: 100 } };
}

const container = {
  id: "c".repeat(64),
  name: "web",
  created: 0,
  config: {},
  hostConfig: {},
  endpoints: {},
  image: { id: "sha256:0" },
  mounts: [],
  state: { status: "created" },
} as unknown as Container;

const router = new Router(systemRoutes(backend));

function ask(method: string, path: string, request: Partial<ApiRequest> & { search?: string } = {}): Promise<Reply> {
  const found = router.match(method, path);
  if (found === undefined) throw new Error(`no route for ${path}`);
  const defaults = { apiVersion: [1, 51] as const, headers: {}, signal: new AbortController().signal, params: found.params };
  return found.route.handler({ ...defaults, query: new URLSearchParams(request.search), ...request } as ApiRequest);
}

async function bodyOf(reply: Promise<Reply>): Promise<Record<string, unknown>> {
  const answer = await reply;
  if (answer.kind !== "json") throw new Error(`a ${answer.kind} answer`);
  return answer.body as Record<string, unknown>;
}

test("ping tells what the CLI asks for before anything else", async () => {
  await expect(ask("GET", "/_ping")).resolves.toMatchObject({
    kind: "text",
    body: "OK",
    headers: { "Builder-Version": "1", Swarm: "inactive" },
  });
  await expect(ask("HEAD", "/_ping")).resolves.toMatchObject({
    kind: "empty",
    status: 200,
    headers: { "Content-Length": "0", Pragma: "no-cache" },
  });
});

const df = async (search: string, apiVersion: readonly [number, number]): Promise<Record<string, unknown>> =>
  await bodyOf(ask("GET", "/system/df", { search, apiVersion }));

test("df: lists for those who know nothing else, logs counted into what containers wrote", async () => {
  const answer = await df("", [1, 51]);
  expect(Object.keys(answer)).toEqual(["LayersSize", "ArchivesSize", "Images", "Containers", "Volumes", "BuildCache"]);
  expect(answer).toMatchObject({
    LayersSize: 1500,
    Images: [
      { Size: 1000, SharedSize: 600, SizeArchives: 100, Containers: 1 },
      { Size: 500, SharedSize: 0, Containers: 0 },
    ],
    Containers: [{ Id: container.id, SizeRw: 120, SizeRootFs: 1120, SizeLogs: 20, LostOutput: 0 }],
    Volumes: [{ Name: "v", UsageData: { RefCount: 0, Size: 7 } }],
    BuildCache: [],
  });
});

const sums = {
  ImageUsage: { ActiveCount: 1, TotalCount: 2, TotalSize: 1500, Reclaimable: 1100 },
  ContainerUsage: { ActiveCount: 0, TotalCount: 1, TotalSize: 120, Reclaimable: 120 },
  VolumeUsage: { ActiveCount: 0, TotalCount: 1, TotalSize: 7, Reclaimable: 7 },
  BuildCacheUsage: { ActiveCount: 0, TotalCount: 0, TotalSize: 0, Reclaimable: 0 },
};

test("df: sums since 1.52, alone, with items, or beside the lists for those who do not say", async () => {
  expect(await df("verbose=0", [1, 52])).toEqual(sums);
  const items = await df("verbose=true", [1, 53]);
  expect(items).toMatchObject(sums);
  expect(items["VolumeUsage"]).toHaveProperty("Items.0.Name", "v");
  expect(items).not.toHaveProperty("Images");
  const both = await df("", [1, 52]);
  expect(both).toMatchObject(sums);
  expect(both).toHaveProperty("Containers.0.SizeLogs", 20);
});

test.each([
  ["type=volume", [1, 51], { LayersSize: 0, Images: null, Containers: null, Volumes: [{ Name: "v" }], BuildCache: null }],
  ["type=image&type=build-cache", [1, 42], { LayersSize: 1500, Containers: null, Volumes: null, BuildCache: [] }],
  ["type=volume", [1, 41], { LayersSize: 1500, Containers: [{}] }],
] as const)("df: %s of %j", async (search, apiVersion, expected) => {
  expect(await df(search, apiVersion)).toMatchObject(expected);
});

test.each([
  ["type=network", "unknown object type: network"],
  ["verbose=maybe", "invalid value for verbose: maybe"],
])("df: %s is refused", async (search, message) => {
  await expect(df(search, [1, 52])).rejects.toThrow(message);
});

test("version: Docker's fields, our name, an Engine among the components", async () => {
  const version = await bodyOf(ask("GET", "/version"));
  expect(version).toMatchObject({ ApiVersion: "1.55", MinAPIVersion: "1.24", Os: "linux", Arch: "amd64", KernelVersion: "6.1" });
  expect(version["Version"]).toMatch(/^28\.\d+\.\d+\+dhow\./);
  expect(version["Platform"]).toEqual({ Name: expect.stringMatching(/^Dhow \d/) as string });
  expect((version["Components"] as { Name: string }[]).map(({ Name }) => Name)).toEqual(["Engine", "crun"]);
});

test("info: counts, the host, and nothing to warn of", async () => {
  expect(await bodyOf(ask("GET", "/info"))).toMatchObject({
    ID: info.engineId,
    Containers: 6,
    ContainersRunning: 2,
    ContainersPaused: 1,
    ContainersStopped: 3,
    Images: 4,
    Driver: "overlay2",
    DriverStatus: [["Backing Filesystem", "extfs"]],
    OperatingSystem: "Debian GNU/Linux 12 (bookworm)",
    OSType: "linux",
    MemoryLimit: true,
    PidsLimit: true,
    CgroupDriver: "cgroupfs",
    IndexServerAddress: "https://index.docker.io/v1/",
    Labels: ["a=b"],
    Runtimes: { crun: { path: "/usr/bin/crun" } },
    DefaultRuntime: "crun",
    DefaultAddressPools: [{ Base: "10.0.0.0/8", Size: 24 }],
    HttpProxy: "http://xxxxx:xxxxx@proxy:1/",
    HttpsProxy: "",
    NoProxy: "localhost",
    Swarm: { LocalNodeState: "inactive" },
    SystemTime: "1970-01-01T00:00:00.000Z",
    Warnings: [],
    RegistryConfig: {
      InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8", "10.1.0.0/16"],
      IndexConfigs: { "docker.io": { Official: true, Secure: true }, "registry:5000": { Secure: false } },
      Mirrors: ["https://mirror/"],
    },
  });
});

test("info has for older clients what their versions had", async () => {
  const fields = async (apiVersion: readonly [number, number]): Promise<unknown[]> => {
    const body = await bodyOf(ask("GET", "/info", { apiVersion }));
    return [body["BridgeNfIptables"], (body["RuncCommit"] as { Expected?: string }).Expected];
  };
  expect(await fields([1, 50])).toEqual([undefined, undefined]);
  expect(await fields([1, 49])).toEqual([false, undefined]);
  expect(await fields([1, 48])).toEqual([false, "crun 1.8.1"]);
});

async function linesOf(reply: Reply): Promise<string> {
  if (reply.kind !== "stream") throw new Error(`a ${reply.kind} answer`);
  return Buffer.concat(await Array.fromAsync(reply.body)).toString();
}

test("events: the span and the filters are handed on, each event is a line", async () => {
  asked.length = 0;
  const reply = await ask("GET", "/events", { search: 'since=10&until=20.5&filters={"type":["image"]}' });
  expect(reply).toMatchObject({ kind: "stream", contentType: "application/json" });
  expect(asked).toMatchObject([{ since: 10_000_000_000n, until: 20_500_000_000n, filters: new Map([["type", ["image"]]]) }]);
  const lines = (await linesOf(reply)).trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { Action: string }).Action)).toEqual(["pull", "create"]);
  expect(lines[0]).toContain('"timeNano":1700000000000000001}');
});

test("events: clients before 1.46 see no creation of images", async () => {
  expect(await linesOf(await ask("GET", "/events", { apiVersion: [1, 45] }))).not.toContain("create");
});

test.each([
  ["application/x-ndjson", "application/x-ndjson", "{"],
  ["application/json-seq", "application/json-seq", "\u001e{"],
  ["application/jsonl, */*", "application/jsonl", "{"],
  ["*/*", "application/json", "{"],
])("events for Accept: %s", async (accept, contentType, start) => {
  const reply = await ask("GET", "/events", { headers: { accept } });
  expect(reply).toMatchObject({ contentType });
  expect((await linesOf(reply)).startsWith(start)).toBe(true);
});

test.each([
  ["since=abc", "invalid timestamp"],
  ["since=20&until=10", "`since` time (20) cannot be after `until` time (10)"],
  ['filters={"foo":["x"]}', "invalid filter 'foo'"],
  ["filters={", "invalid filters"],
])("events refuses %s", async (search, message) => {
  await expect(ask("GET", "/events", { search })).rejects.toThrow(message);
});

test.each([
  ["", "found", ""],
  ["repair=1", "repaired", "fetched again from x"],
])("POST /system/doctor?%s", async (search, outcome, words) => {
  expect(await bodyOf(ask("POST", "/system/doctor", { search }))).toMatchObject({
    Blobs: 3,
    Layers: 2,
    Findings: [
      { Kind: "missing-blob", Subject: DIGEST, Images: [DIGEST], Detail: "a layer archive is not here", Outcome: outcome, Words: words },
      { Kind: "orphan-layer", Subject: DIGEST, Images: [], Outcome: "not-repaired", Words: "somebody uses it" },
    ],
  });
});
