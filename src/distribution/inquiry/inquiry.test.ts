import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { parseReference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";
import type { Registries } from "../registries.ts";
import { domainOf } from "../session/credential.ts";
import { FakeRegistry, imageParts, refuse, serve, testRegistries } from "../testing.ts";
import { inspectRemote } from "./inspect-remote.ts";
import { searchRegistry } from "./search.ts";

let registry: FakeRegistry;
let other: FakeRegistry;
let registries: Registries;
const mirrors: string[] = [];
beforeEach(async () => {
  [registry, other] = [await FakeRegistry.start(), await FakeRegistry.start()];
  mirrors.length = 0;
  registries = testRegistries({ registries: { mirrors, insecureRegistries: [] } });
});
afterEach(async () => {
  registries.close();
  await registry[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

const never = new AbortController().signal;
const anonymous: RegistryAuth = { credential: { kind: "anonymous" }, serverAddress: undefined };
const login = { kind: "basic", username: "user", password: "SECRET" } as const;
const basic = `Basic ${Buffer.from("user:SECRET").toString("base64")}`;
const refName = (name: string) => parseReference(`${registry.host}/${name}`);

describe("asking what is under a name", () => {
  it("an image: its descriptor and its platform, and no layer is fetched", async () => {
    const parts = imageParts(["one"], { variant: "v8", architecture: "arm64" });
    const descriptor = serve(registry, "x", "latest", parts);
    expect(await inspectRemote(registries, refName("x"), anonymous, never)).toEqual({
      descriptor: { mediaType: mediaTypes.ociManifest, ...descriptor },
      platforms: [{ os: "linux", architecture: "arm64", variant: "v8" }],
    });
    expect(registry.count("/blobs/")).toBe(1);
  });

  it("an index: every platform", async () => {
    const parts = imageParts(["one"]);
    const { digest, size } = serve(registry, "x", undefined, parts);
    const platforms = [
      { os: "linux", architecture: "amd64" },
      { os: "linux", architecture: "arm", variant: "v7" },
    ];
    const manifests = platforms.map((platform) => ({ mediaType: mediaTypes.ociManifest, digest, size, platform }));
    const index = registry.addManifest("x", "1", { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }, mediaTypes.ociIndex);
    expect(await inspectRemote(registries, refName("x:1"), anonymous, never)).toEqual({
      descriptor: { mediaType: mediaTypes.ociIndex, ...index },
      platforms,
    });
  });

  it("at the mirrors of this very registry first, whichever it is", async () => {
    const parts = imageParts(["one"]);
    const { digest } = serve(other, "x", "1", parts);
    mirrors.push("http://127.0.0.1:1", `${registry.host}=http://127.0.0.1:1`, `${registry.host}=${other.origin}`);
    expect((await inspectRemote(registries, refName("x:1"), anonymous, never)).descriptor.digest).toBe(digest);
    expect(registry.seen).toEqual([]);
  });

  it("what is not there is not found", async () => {
    await expect(inspectRemote(registries, refName("x:1"), anonymous, never)).rejects.toThrow("manifest unknown");
  });
});

describe("logging in", () => {
  const at = (credential: RegistryAuth["credential"] = login): Promise<string | undefined> =>
    registries.login(domainOf({ credential, serverAddress: `http://${registry.host}/v2/` }), credential, never);

  /** Asks for a token that `answer` gives. */
  function asksForToken(realm: string, answer: object): void {
    registry.hook = (request, response) => {
      if (request.url?.startsWith("/token") === true) {
        if (request.headers.authorization === basic) response.end(JSON.stringify(answer));
        else refuse(response, 401, "UNAUTHORIZED", "incorrect username or password");
      } else if (request.headers.authorization === "Bearer T") response.end("{}");
      else refuse(response, 401, "UNAUTHORIZED", "authentication required", { "WWW-Authenticate": `Bearer realm="${realm}",service="s"` });
      return true;
    };
  }

  it("with a name and a password", async () => {
    registry.hook = (request, response) => {
      if (request.headers.authorization === basic) response.end("{}");
      else refuse(response, 401, "UNAUTHORIZED", "authentication required", { "WWW-Authenticate": 'Basic realm="r"' });
      return true;
    };
    expect(await at()).toBeUndefined();
    await expect(at({ ...login, password: "wrong" })).rejects.toThrow(
      `login attempt to ${registry.origin}/v2/ failed with status: 401 Unauthorized`,
    );
    await expect(at({ kind: "anonymous" })).rejects.toThrow("no basic auth credentials");
  });

  it("at a token server, which may give a token to be kept", async () => {
    asksForToken(`${registry.origin}/token`, { token: "T", refresh_token: "KEEP" });
    expect(await at()).toBe("KEEP");
    expect(registry.seen.find(({ url }) => url.startsWith("/token"))?.url).toBe(
      "/token?service=s&account=user&offline_token=true&client_id=dhow",
    );
    await expect(at({ ...login, password: "wrong" })).rejects.toThrow(
      `Get "${registry.origin}/v2/": unauthorized: incorrect username or password`,
    );
  });

  it("not at a token server that may not have the credentials: nobody would be let in there, too", async () => {
    asksForToken(`${other.origin}/token`, { token: "T" });
    await expect(at()).rejects.toThrow("is not sent credentials");
    expect(other.seen).toEqual([]);
  });

  it("at a registry that asks for nothing", async () => {
    expect(await at()).toBeUndefined();
    expect(registry.seen.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  it.each([
    [undefined, "docker.io"],
    ["https://index.docker.io/v1/", "docker.io"],
    ["registry.example:5000", "registry.example:5000"],
    ["https://Registry.example/v2/", "registry.example"],
  ])("%s is %s", (serverAddress, domain) => {
    expect(domainOf({ credential: login, serverAddress })).toBe(domain);
  });

  it.each(["user@host", "a b", "host#x", ""])("%j is no registry", (serverAddress) => {
    expect(() => domainOf({ credential: login, serverAddress })).toThrow("invalid registry name");
  });
});

describe("searching", () => {
  const results = [
    { name: "nginx", description: "Official build of Nginx.", star_count: 20_000, is_official: true, is_automated: false },
    { name: "team/nginx", description: "", star_count: 3, is_official: false, is_automated: true },
    { nonsense: 1 },
  ];
  const search = (term: string, filters: Record<string, string[]> = {}, limit = 25, auth = anonymous) =>
    searchRegistry(registries, { term, limit, filters: new Map(Object.entries(filters)) }, auth, never, registry.host);

  function answers(): void {
    registry.hook = (request, response) => {
      if (request.url?.startsWith("/v1/search") !== true) return false;
      response.end(JSON.stringify({ num_results: 2, query: "nginx", results }));
      return true;
    };
  }

  it("asks Docker Hub's index", async () => {
    answers();
    expect(await search("library/nginx", {}, 7)).toEqual([
      { name: "nginx", description: "Official build of Nginx.", stars: 20_000, official: true, automated: false },
      { name: "team/nginx", description: "", stars: 3, official: false, automated: true },
    ]);
    expect(registry.seen.at(-1)?.url).toBe("/v1/search?q=nginx&n=7");
  });

  it.each([
    [{ stars: ["10"] }, ["nginx"]],
    [{ "is-official": ["true"] }, ["nginx"]],
    [{ "is-official": ["false"] }, ["team/nginx"]],
    [{ "is-automated": ["1"] }, ["team/nginx"]],
  ])("with the filter %j", async (filters, names) => {
    answers();
    expect((await search("nginx", filters)).map(({ name }) => name)).toEqual(names);
  });

  it("asks another registry, by its catalogue when it has no search", async () => {
    registry.hook = (request, response) => {
      if (request.url?.startsWith("/v2/_catalog") !== true) return false;
      response.end(JSON.stringify({ repositories: ["team/app", "team/nginx", 3] }));
      return true;
    };
    const found = await search(`${registry.host}/nginx`);
    expect(found.map(({ name }) => name)).toEqual([`${registry.host}/team/nginx`]);
  });

  it("says where neither is", async () => {
    await expect(search(`${registry.host}/nginx`)).rejects.toThrow(`registry ${registry.host} has neither a search nor a catalogue`);
  });

  it("sends credentials to the registry that they are for alone", async () => {
    answers();
    await search(`${registry.host}/nginx`, {}, 25, { credential: login, serverAddress: registry.host });
    await search(`${registry.host}/nginx`, {}, 25, { credential: login, serverAddress: other.host });
    expect(registry.seen.filter(({ url }) => url.startsWith("/v1")).map(({ authorization }) => authorization)).toEqual([basic, undefined]);
  });

  it.each(["http://host/x", "ho st.x/y", "a@b.c/d"])("%s is refused", async (term) => {
    await expect(search(term)).rejects.toThrow(/invalid (?:repository|registry) name/);
  });
});
