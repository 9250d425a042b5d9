import type { BuildInput, BuildSource } from "#build/build-input.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { ApiRequest } from "#http/route.ts";
import { parseJsonText } from "#lib/json/text.ts";
import type { AttestationWishes, ProvenanceMode } from "#spec/attestations.ts";
import { BUILD_SECRETS_HEADER, takeBuildSecrets } from "#spec/build/secrets.ts";
import { BUILD_SESSION_HEADER } from "#spec/build/session.ts";
import { parseCacheExport, parseCacheSource } from "#spec/build/cache.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { parsePlatform } from "#spec/platform.ts";
import { familiarName, parseReference, withDefaultTag, type Reference } from "#spec/reference.ts";
import { booleanOf, integerOf } from "../../query.ts";
import { parseOutputs } from "./outputs.ts";
import { parseRegistryConfig } from "./registry-config.ts";

/** Reads everything that a client may ask of `POST /build`. @throws EngineError `invalid`, `not-implemented`: it names the parameter. */
export async function buildInputOf(request: ApiRequest): Promise<BuildInput> {
  const { query } = request;
  refuse(query);
  const session = sessionOf(request);
  const { secrets, rest: body } = await takeBuildSecrets(request.headers[BUILD_SECRETS_HEADER], request.body);
  const text = (name: string): string => query.get(name) ?? "";
  const buildArgs = mapOf(query, "buildargs", (value) => value === null || typeof value === "string") as Record<string, string | null>;
  const exports = listOf(query, "cacheto").map(parseCacheExport);
  return {
    source: sourceOf(query, body),
    secrets,
    dockerfile: text("dockerfile"),
    references: referencesOf(query.getAll("t")),
    target: text("target") || undefined,
    buildArgs,
    labels: mapOf(query, "labels", (value) => typeof value === "string") as Record<string, string>,
    platform: text("platform") === "" ? undefined : parsePlatform(text("platform")),
    quiet: booleanOf(query, "q"),
    noCache: booleanOf(query, "nocache"),
    explain: booleanOf(query, "explain"),
    pull: booleanOf(query, "pull"),
    cacheFrom: listOf(query, "cachefrom").map(parseCacheSource),
    cacheTo: exports.filter((one) => one !== undefined),
    inlineCache: exports.includes(undefined) || buildArgs[INLINE_ARGUMENT] === "1",
    outputs: outputsOf(query, session),
    attestations: attestationsOf(query),
    session,
    squash: booleanOf(query, "squash"),
    allow: listOf(query, "allow").map(entitlementOf),
    hostConfig: hostConfigOf(query),
    authFor: parseRegistryConfig(request.headers["x-registry-config"]),
  };
}

/** Dhow's own parameter: `{"sbom": true, "provenance": "min"}`. */
function attestationsOf(query: URLSearchParams): AttestationWishes {
  const { sbom = false, provenance, ...others } = mapOf(query, "attestations", () => true);
  if (typeof sbom !== "boolean" || ![undefined, "min", "max"].includes(provenance as undefined) || Object.keys(others).length > 0)
    throw malformed("attestations");
  return { sbom, provenance: provenance as ProvenanceMode | undefined };
}

/** Dhow's own parameter: a JSON list. */
function entitlementOf(name: string): BuildInput["allow"][number] {
  if (name === "network.host" || name === "security.insecure") return name;
  throw new EngineError(
    "invalid",
    `allow: unknown entitlement ${JSON.stringify(name.slice(0, 50))}: want network.host or security.insecure`,
  );
}

/** With 1, the image says what its layers are known by, for a build elsewhere that names it as a cache. As for BuildKit. */
const INLINE_ARGUMENT = "BUILDKIT_INLINE_CACHE";

function sessionOf({ headers }: ApiRequest): string | undefined {
  const id = headers[BUILD_SESSION_HEADER];
  if (Array.isArray(id)) throw new EngineError("invalid", `${BUILD_SESSION_HEADER} is given more than once`);
  return id;
}

function outputsOf(query: URLSearchParams, session: string | undefined): BuildInput["outputs"] {
  const outputs = parseOutputs(query.get("outputs") ?? "");
  if (session === undefined && outputs.some(({ kind }) => kind !== "image"))
    throw new EngineError(
      "invalid",
      `outputs: what goes to the client needs a session (${BUILD_SESSION_HEADER}), as \`dhow build\` opens one`,
    );
  return outputs;
}

function refuse(query: URLSearchParams): void {
  const version = query.get("version") ?? "";
  if (version === "2") {
    throw new EngineError(
      "not-implemented",
      "version=2: BuildKit's protocol is not implemented yet by Dhow: set DOCKER_BUILDKIT=0 to build without it",
    );
  }
  if (version !== "" && version !== "1") throw new EngineError("invalid", `invalid version ${version}`);
  const isolation = query.get("isolation") ?? "";
  if (!["", "default"].includes(isolation)) throw new EngineError("invalid", `isolation: ${isolation} is not known on linux`);
}

function sourceOf(query: URLSearchParams, body: AsyncIterable<Uint8Array>): BuildSource {
  const url = query.get("remote") ?? "";
  if (url === "client-session")
    throw new EngineError("not-implemented", "remote=client-session: sessions are BuildKit's; send the context as the body");
  return url === "" ? { kind: "archive", body } : { kind: "remote", url };
}

/** Each `name[:tag]`, twice is once. */
function referencesOf(names: readonly string[]): Reference[] {
  const found = new Map<string, Reference>();
  for (const name of names.filter((one) => one.trim() !== "")) {
    const reference = withDefaultTag(parseReference(name));
    if (reference.digest !== undefined) throw new EngineError("invalid", "build tag cannot contain a digest");
    found.set(`${familiarName(reference)}:${reference.tag ?? ""}`, reference);
  }
  return [...found.values()];
}

function mapOf(query: URLSearchParams, name: string, accepts: (value: unknown) => boolean): Record<string, unknown> {
  const value = jsonOf(query, name);
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value) || !Object.values(value).every(accepts)) throw malformed(name);
  return { ...(value as Record<string, unknown>) };
}

/** A JSON list; clients send `[]` and `null` for none, too. */
function listOf(query: URLSearchParams, name: string): string[] {
  const value = jsonOf(query, name);
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((one): one is string => typeof one === "string")) throw malformed(name);
  return value;
}

function jsonOf(query: URLSearchParams, name: string): unknown {
  const text = query.get(name) ?? "";
  if (text === "") return undefined;
  try {
    return parseJsonText(text);
  } catch (cause) {
    throw new EngineError("invalid", `error reading ${name}: it is not JSON`, { cause });
  }
}

function malformed(name: string): EngineError {
  return new EngineError("invalid", `error reading ${name}: it is not of the expected shape`);
}

function hostConfigOf(query: URLSearchParams): HostConfig {
  const text = (name: string): string | undefined => query.get(name) || undefined;
  return {
    Memory: integerOf(query, "memory"),
    MemorySwap: integerOf(query, "memswap"),
    CpuShares: integerOf(query, "cpushares"),
    CpuPeriod: integerOf(query, "cpuperiod"),
    CpuQuota: integerOf(query, "cpuquota"),
    CpusetCpus: text("cpusetcpus"),
    CpusetMems: text("cpusetmems"),
    CgroupParent: text("cgroupparent"),
    ShmSize: integerOf(query, "shmsize"),
    NetworkMode: text("networkmode"),
    ExtraHosts: query
      .getAll("extrahosts")
      .flatMap((value) => (value.startsWith("[") ? hostsOf(value) : value.split(",")))
      .filter(Boolean),
    SecurityOpt: listOf(query, "securityopt"),
    Ulimits: ulimitsOf(query),
  };
}

function hostsOf(text: string): string[] {
  return listOf(new URLSearchParams({ extrahosts: text }), "extrahosts");
}

function ulimitsOf(query: URLSearchParams): NonNullable<HostConfig["Ulimits"]> {
  const value = jsonOf(query, "ulimits") ?? [];
  if (!Array.isArray(value)) throw malformed("ulimits");
  return value.map((one: unknown) => {
    const { Name, Soft, Hard } = (typeof one === "object" && one !== null ? one : {}) as Record<string, unknown>;
    if (typeof Name !== "string" || typeof Soft !== "number" || typeof Hard !== "number") throw malformed("ulimits");
    return { Name, Soft, Hard };
  });
}
