import { Readable } from "node:stream";
import { expect, it } from "vitest";
import type { BuildInput } from "#build/build-input.ts";
import type { ApiRequest } from "#http/route.ts";
import { buildInputOf } from "./build-query.ts";

async function read(query: Readonly<Record<string, string>>, headers: ApiRequest["headers"] = {}): Promise<BuildInput> {
  const request = { query: new URLSearchParams(query), headers, body: Readable.from([]) } as unknown as ApiRequest;
  return await buildInputOf(request);
}

/** Every parameter of POST /build, as the specification has them, with a value that is honoured and what it becomes. */
const honoured: readonly (readonly [name: string, value: string, expected: object])[] = [
  ["dockerfile", "docker/D", { dockerfile: "docker/D" }],
  ["t", "a/b", { references: [expect.objectContaining({ path: "a/b", tag: "latest" })] }],
  ["extrahosts", "a:10.0.0.1,b:10.0.0.2", { hostConfig: expect.objectContaining({ ExtraHosts: ["a:10.0.0.1", "b:10.0.0.2"] }) }],
  ["extrahosts", '["a:::1"]', { hostConfig: expect.objectContaining({ ExtraHosts: ["a:::1"] }) }],
  ["remote", "https://h/r.git", { source: { kind: "remote", url: "https://h/r.git" } }],
  ["q", "1", { quiet: true }],
  ["nocache", "true", { noCache: true }],
  ["cachefrom", '["a:1"]', { cacheFrom: [{ kind: "image", reference: "a:1" }] }],
  ["cachefrom", "null", { cacheFrom: [] }],
  ["pull", "1", { pull: true }],
  // No container is ever left, so that there is nothing to decide.
  ["rm", "0", {}],
  ["forcerm", "1", {}],
  ["memory", "1000", { hostConfig: expect.objectContaining({ Memory: 1000 }) }],
  ["memswap", "-1", { hostConfig: expect.objectContaining({ MemorySwap: -1 }) }],
  ["cpushares", "7", { hostConfig: expect.objectContaining({ CpuShares: 7 }) }],
  ["cpusetcpus", "0-1", { hostConfig: expect.objectContaining({ CpusetCpus: "0-1" }) }],
  ["cpusetmems", "0", { hostConfig: expect.objectContaining({ CpusetMems: "0" }) }],
  ["cpuperiod", "100000", { hostConfig: expect.objectContaining({ CpuPeriod: 100_000 }) }],
  ["cpuquota", "50000", { hostConfig: expect.objectContaining({ CpuQuota: 50_000 }) }],
  ["cgroupparent", "/x", { hostConfig: expect.objectContaining({ CgroupParent: "/x" }) }],
  ["buildargs", '{"A":"1","B":null}', { buildArgs: { A: "1", B: null } }],
  ["buildargs", '{"BUILDKIT_INLINE_CACHE":"1"}', { inlineCache: true }],
  ["shmsize", "65536", { hostConfig: expect.objectContaining({ ShmSize: 65_536 }) }],
  ["squash", "1", { squash: true }],
  ["labels", '{"a":"b"}', { labels: { a: "b" } }],
  ["networkmode", "none", { hostConfig: expect.objectContaining({ NetworkMode: "none" }) }],
  ["platform", "linux/arm64", { platform: { os: "linux", architecture: "arm64", variant: undefined } }],
  ["target", "one", { target: "one" }],
  [
    "outputs",
    '[{"Type":"moby","Attrs":{"name":"x"}}]',
    { outputs: [{ kind: "image", names: [expect.objectContaining({ path: "library/x" })] }] },
  ],
  ["version", "1", {}],
  ["securityopt", '["label=disable"]', { hostConfig: expect.objectContaining({ SecurityOpt: ["label=disable"] }) }],
  [
    "ulimits",
    '[{"Name":"nofile","Soft":1,"Hard":2}]',
    { hostConfig: expect.objectContaining({ Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }] }) },
  ],
  ["isolation", "default", {}],
  ["allow", '["security.insecure"]', { allow: ["security.insecure"] }],
  ["explain", "1", { explain: true }],
  ["cacheto", '["type=inline"]', { cacheTo: [], inlineCache: true }],
  ["cacheto", '["r.io/c:1"]', { cacheTo: [expect.objectContaining({ location: { kind: "registry", reference: "r.io/c:1" } })] }],
];

it.each(honoured)("honours %s=%s", async (name, value, expected) => {
  expect(await read({ [name]: value })).toMatchObject(expected);
});

it.each([
  ["version", "2", "BuildKit's protocol is not implemented yet"],
  ["version", "3", "invalid version 3"],
  ["remote", "client-session", "sessions are BuildKit's"],
  ["isolation", "hyperv", "hyperv is not known on linux"],
  ["t", "A:b", "must be lowercase"],
  ["t", `a@sha256:${"0".repeat(64)}`, "build tag cannot contain a digest"],
  ["memory", "much", "invalid syntax"],
  ["buildargs", "{", "error reading buildargs: it is not JSON"],
  ["buildargs", '{"A":1}', "error reading buildargs: it is not of the expected shape"],
  ["labels", '["a"]', "error reading labels"],
  ["cachefrom", "{}", "error reading cachefrom"],
  ["securityopt", '"a"', "error reading securityopt"],
  ["ulimits", '[{"Name":"x"}]', "error reading ulimits"],
  ["platform", "a/b/c/d", "is an invalid platform"],
  ["outputs", '[{"Type":"tar"}]', "needs a session"],
  ["outputs", '[{"Type":"moby","Attrs":{"compression":"zstd"}}]', "compression=zstd is not implemented"],
  ["allow", '["everything"]', 'unknown entitlement "everything"'],
  ["cacheto", '["type=s3"]', "there is no type"],
])("refuses %s=%s", async (name, value, message) => {
  await expect(read({ [name]: value })).rejects.toThrow(message);
});
