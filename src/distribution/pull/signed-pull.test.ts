import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import { imageFixture, never, type ImageFixture } from "#image/testing.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { parseReference } from "#spec/reference.ts";
import type { ImageGate, SignatureSource } from "../ports.ts";
import { FakeRegistry, imageParts, serve, sha, testPullService } from "../testing.ts";

let registry: FakeRegistry;
let fixture: ImageFixture;
beforeEach(async () => {
  fixture = imageFixture();
  registry = await FakeRegistry.start();
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  fixture[Symbol.dispose]();
});

async function pull(check: ImageGate["check"]): Promise<unknown> {
  const deps = { target: fixture.service, content: fixture.content, events: { emit: () => undefined }, gate: { check } };
  const service = testPullService(deps);
  const auth = { credential: { kind: "anonymous" }, serverAddress: undefined } as const;
  try {
    const reference = parseReference(`${registry.host}/x:t`);
    return await service.pull({ reference, platform: undefined, auth }, () => undefined, never).catch((error: unknown) => error);
  } finally {
    service.close();
  }
}

/** What the gate is handed to look for signatures with. */
async function withSource<T>(work: (source: SignatureSource) => Promise<T>): Promise<T> {
  serve(registry, "x", "t", imageParts(["a"]));
  let result: Promise<T> | undefined;
  await pull(async (_, __, source) => {
    result = work(source);
    await result.catch(() => undefined);
    throw new EngineError("forbidden", "enough");
  });
  if (result === undefined) throw new Error("the gate was not asked");
  return result;
}

describe("an image that is held to a policy", () => {
  it("is refused before anything that it names is fetched", async () => {
    serve(registry, "x", "t", imageParts(["a"]));
    const error = await pull(async () => {
      throw new EngineError("forbidden", "no signature");
    });
    expect(error).toMatchObject({ category: "forbidden", message: "no signature" });
    expect(registry.count("/blobs/")).toBe(0);
    expect([...fixture.content.list(), ...fixture.service.images.all()]).toEqual([]);
  });

  it("is the one that was looked at, wherever its tag leads by then", async () => {
    const [good, evil] = [imageParts(["good"]), imageParts(["evil"])];
    serve(registry, "x", "t", good);
    let checked: string | undefined;
    const outcome = await pull(async (_, { digest, bytes }) => {
      checked = digest;
      expect(sha(bytes)).toBe(digest);
      serve(registry, "x", "t", evil);
    });
    expect(outcome).toBeUndefined();
    expect(checked).toBe(sha(Buffer.from(JSON.stringify(good.manifest))));
    expect([...fixture.service.images.all()].map(({ id }) => id)).toEqual([sha(good.config)]);
    expect(registry.count("/manifests/t")).toBe(1);
  });
});

describe("documents about an image", () => {
  const index = (...entries: object[]): string => JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: entries });
  const subject = sha(Buffer.from("subject"));
  const entry = (text: string): object => ({ digest: sha(Buffer.from(text)), artifactType: "a/b", mediaType: "x", size: 1 });
  const listed = async (source: SignatureSource): Promise<string[]> =>
    (await Array.fromAsync(source.referrers(subject, "a/b", never))).flat().map(({ digest }) => digest);

  it("come page by page from the referrers API", async () => {
    registry.hook = (request, response) => {
      if (!(request.url ?? "").includes("/referrers/")) return false;
      const isFirst = !(request.url ?? "").includes("last=1");
      response.writeHead(200, isFirst ? { Link: '</elsewhere?artifactType=a%2Fb&last=1>; rel="next"' } : {});
      response.end(index(entry(isFirst ? "one" : "two"), { digest: "no digest" }));
      return true;
    };
    expect(await withSource(listed)).toEqual([sha(Buffer.from("one")), sha(Buffer.from("two"))]);
    expect(registry.seen.filter(({ url }) => url.includes("/referrers/")).map(({ url }) => url)).toEqual([
      `/v2/x/referrers/${subject}?artifactType=a%2Fb`,
      `/v2/x/referrers/${subject}?artifactType=a%2Fb&last=1`,
    ]);
  });

  it("come by the tag that stands for it where a registry has no such API", async () => {
    registry.addManifest("x", subject.replace(":", "-"), index(entry("one")), mediaTypes.ociIndex);
    expect(await withSource(listed)).toEqual([sha(Buffer.from("one"))]);
  });

  it("may not be there, and have to be what their digests say", async () => {
    const lie = sha(Buffer.from("said"));
    registry.blobs.set(lie, Buffer.from("sent"));
    registry.manifests.set(`x:${lie}`, { bytes: Buffer.from("sent"), type: mediaTypes.ociManifest });
    const found = await withSource(async (source) => [
      await source.manifest("sha256-0.sig", 100, never),
      await source.blob(lie, 100, never).catch((error: Error) => error.message),
      await source.manifest(lie, 100, never).catch((error: Error) => error.message),
      await source.blob(sha(Buffer.from("gone")), 100, never).catch((error: EngineError) => error.category),
      await source.blob(lie, 3, never).catch((error: EngineError) => error.category),
    ]);
    const wrong = `what the registry has sent is not ${lie}`;
    expect(found).toEqual([undefined, wrong, wrong, "not-found", "too-large"]);
  });

  it("that cannot be asked for are no reason to let an image in", async () => {
    registry.hook = (request, response) => {
      if (!(request.url ?? "").includes("/referrers/")) return false;
      response.writeHead(403).end();
      return true;
    };
    await expect(withSource(listed)).rejects.toMatchObject({ category: "not-found", message: expect.stringContaining("denied") });
    registry.hook = (request, response) => {
      if (!(request.url ?? "").includes("/referrers/")) return false;
      response.end("no index");
      return true;
    };
    await expect(withSource(listed)).rejects.toMatchObject({ category: "invalid" });
  });
});
