import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashSync } from "bcryptjs";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RegistryConfig } from "#config/daemon-config.ts";
import { FakeRegistry, imageParts, serve, sha, testPullService } from "#distribution/testing.ts";
import { imageFixture, load as loadInto, never, type ImageFixture } from "#image/testing.ts";
import { silentLogger } from "#lib/logger.ts";
import type { RepositoryName } from "#registry/protocol/names.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { parseReference } from "#spec/reference.ts";
import { createCompressor } from "#store/compress/compressor.ts";
import { dockerArchive } from "../../../scripts/hello/docker-archive.ts";
import { packTar } from "#lib/tar-pack.ts";
import type { ImageStock } from "./image-repositories.ts";
import { referenceOf, servedName } from "./served-name.ts";
import { serveImages } from "./serve-images.ts";

let upstream: FakeRegistry;
let here: ImageFixture;
let there: ImageFixture;
const undo = new Set<() => Promise<void> | void>();

beforeEach(async () => {
  [here, there] = [imageFixture(), imageFixture()];
  upstream = await FakeRegistry.start();
});
afterEach(async () => {
  for (const work of undo) await work();
  undo.clear();
  await upstream[Symbol.asyncDispose]();
  for (const fixture of [here, there]) fixture[Symbol.dispose]();
});

const compressor = createCompressor({ threads: 2 });
afterAll(() => compressor.close());

const stock = (): ImageStock => ({
  images: here.service.images,
  content: here.content,
  compressor,
  compressedLayers: here.service.compressedLayers,
});

async function open(more: Partial<RegistryConfig> = {}): Promise<string> {
  const config = { address: { host: "127.0.0.1", port: 0 }, htpasswd: undefined, tls: undefined, ...more };
  const served = await serveImages(config, stock(), silentLogger);
  undo.add(() => served.close());
  return served.address.replace("tcp://", "");
}

async function pull(into: ImageFixture, name: string): Promise<void> {
  const service = testPullService({ target: into.service, content: into.content, events: { emit: () => undefined } });
  undo.add(() => service.close());
  const auth = { credential: { kind: "anonymous" }, serverAddress: undefined } as const;
  await service.pull({ reference: parseReference(name), platform: undefined, auth }, () => undefined, never);
}

/** As `docker load` brings it: plain layers, and no manifest. */
async function load(reference: string): Promise<void> {
  const layers = [packTar([{ name: "a", type: "file", mode: 0o644, data: Buffer.from(reference) }])];
  await loadInto(here, dockerArchive([{ reference, layers, config: { Cmd: ["sh"] } }]));
}

const idOf = (fixture: ImageFixture, name: string) => fixture.service.images.idOf(parseReference(name));

describe("the images of an engine as a registry", () => {
  it("are pulled under the names that they have here, with the manifests that they came by", async () => {
    const parts = imageParts(["one", "two"]);
    const image = serve(upstream, "acme/app", undefined, parts);
    const entry = { ...image, mediaType: mediaTypes.ociManifest, platform: { os: "linux", architecture: "amd64" } };
    const index = upstream.addManifest(
      "acme/app",
      "v1",
      { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry] },
      mediaTypes.ociIndex,
    );
    await pull(here, `${upstream.host}/acme/app:v1`);
    const address = await open();
    const name = `${upstream.host.replace(":", "_")}/acme/app`;
    for (const way of [":v1", `@${image.digest}`, `@${index.digest}`]) await pull(there, `${address}/${name}${way}`);
    expect(idOf(there, `${address}/${name}:v1`)).toBe(sha(parts.config));
    const head = await fetch(`http://${address}/v2/${name}/manifests/v1`, { method: "HEAD" });
    expect(head.headers.get("docker-content-digest")).toBe(image.digest);
  });

  it("that were loaded or built go as they are kept: nothing is made for it, and nothing copied", async () => {
    await load("acme/made:v1");
    const before = [...here.content.list()];
    const address = await open();
    await pull(there, `${address}/acme/made:v1`);
    expect(idOf(there, `${address}/acme/made:v1`)).toBe(idOf(here, "acme/made:v1"));
    expect([...here.content.list()]).toEqual(before);
    const { config } = JSON.parse(await (await fetch(`http://${address}/v2/acme/made/manifests/v1`)).text()) as {
      config: { digest: string };
    };
    const part = await fetch(`http://${address}/v2/acme/made/blobs/${config.digest}`, { headers: { Range: "bytes=1-14" } });
    expect([part.status, await part.text()]).toEqual([206, '"architecture"']);
  });

  it("whose layers are kept plain are compressed on the way, to the very archives that their manifest names", async () => {
    await load("acme/made:v1");
    const id = idOf(here, "acme/made:v1");
    const [layer] = (id === undefined ? undefined : here.service.images.get(id))?.layers ?? [];
    if (id === undefined || layer?.blob === undefined) throw new Error("the image was not loaded");
    const { pieces, result } = compressor.compress(here.content.pathOf(layer.blob.digest), never);
    const archive = Buffer.concat(await Array.fromAsync(pieces, (piece) => Buffer.from(piece)));
    const { digest, size } = await result;
    const config = here.service.images.configOf(id);
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: id, size: config.length },
      layers: [{ mediaType: mediaTypes.ociLayerGzip, digest, size }],
    };
    upstream.addBlob(archive);
    upstream.addBlob(Buffer.from(config));
    const pushed = upstream.addManifest("acme/made", "v1", manifest, mediaTypes.ociManifest);
    here.service.compressedLayers.remember(layer.diffId, { digest, size });
    await pull(here, `${upstream.host}/acme/made:v1`);
    await here.content.remove(digest);

    const address = await open();
    const base = `http://${address}/v2/${upstream.host.replace(":", "_")}/acme/made`;
    expect((await fetch(`${base}/manifests/v1`)).headers.get("docker-content-digest")).toBe(pushed.digest);
    const whole = Buffer.from(await (await fetch(`${base}/blobs/${digest}`)).arrayBuffer());
    expect(sha(whole)).toBe(digest);
    const part = await fetch(`${base}/blobs/${digest}`, { headers: { Range: "bytes=5-20" } });
    expect(Buffer.from(await part.arrayBuffer()).equals(archive.subarray(5, 21))).toBe(true);
    expect(here.content.sizeOf(digest)).toBeUndefined();
  });

  it("are listed, and found by a mirror's names", async () => {
    for (const name of ["alpine:3", "alpine:4", "acme/app:v1", "ghcr.io/acme/app:v1", "localhost:5000/x:1"]) await load(name);
    const address = await open();
    const json = async (path: string): Promise<unknown> => (await fetch(`http://${address}${path}`)).json();
    expect(await json("/v2/_catalog")).toEqual({ repositories: ["acme/app", "alpine", "ghcr.io/acme/app", "localhost_5000/x"] });
    expect(await json("/v2/alpine/tags/list?n=1")).toEqual({ name: "alpine", tags: ["3"] });
    const paths = ["/v2/library/alpine/manifests/4", "/v2/acme/app/manifests/v1?ns=ghcr.io", "/v2/localhost_5000/x/manifests/1", "/"];
    for (const path of paths) expect((await fetch(`http://${address}${path}`)).status, path).toBe(200);
    const missing = ["/v2/alpine/manifests/5", "/v2/gone/tags/list", `/v2/alpine/blobs/sha256:${"0".repeat(64)}`];
    for (const path of missing) expect((await fetch(`http://${address}${path}`)).status, path).toBe(404);
  });

  it("give a blob in its own repository alone, and take nothing", async () => {
    await load("acme/open:v1");
    await load("acme/secret:v1");
    const address = await open();
    const secret = idOf(here, "acme/secret:v1");
    expect((await fetch(`http://${address}/v2/acme/secret/blobs/${secret}`)).status).toBe(200);
    expect((await fetch(`http://${address}/v2/acme/open/blobs/${secret}`)).status).toBe(404);
    const writes: [string, string][] = [
      ["POST", "/v2/acme/open/blobs/uploads/"],
      ["PUT", "/v2/acme/open/manifests/v2"],
      ["DELETE", "/v2/acme/open/manifests/v1"],
    ];
    for (const [method, path] of writes) expect((await fetch(`http://${address}${path}`, { method })).status, path).toBe(405);
    expect(idOf(here, "acme/open:v1")).toBeDefined();
  });

  it("are not offered when an archive of theirs is gone", async () => {
    await load("acme/gone:v1");
    const address = await open();
    const kept = Array.from(here.content.list(), ({ digest }) => digest);
    for (const digest of kept) await here.content.remove(digest);
    expect((await fetch(`http://${address}/v2/acme/gone/manifests/v1`)).status).toBe(404);
  });

  it("are for those with a password, where there is a file of them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "users-"));
    undo.add(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, "users"), `ann:${hashSync("secret", 5)}\n`);
    await load("acme/app:v1");
    const address = await open({ htpasswd: join(folder, "users") });
    const status = async (user?: string): Promise<number> => {
      const headers: Record<string, string> = user === undefined ? {} : { Authorization: `Basic ${Buffer.from(user).toString("base64")}` };
      return (await fetch(`http://${address}/v2/acme/app/manifests/v1`, { headers })).status;
    };
    expect([await status(), await status("ann:wrong"), await status("ann:secret")]).toEqual([401, 401, 200]);
  });
});

it.each<[string, string | undefined]>([
  ["docker.io/library/alpine", "alpine"],
  ["acme/app", "acme/app"],
  ["ghcr.io/acme/app", "ghcr.io/acme/app"],
  ["127.0.0.1:5000/app", "127.0.0.1_5000/app"],
  ["[::1]:5000/app", undefined],
])("%s is served as %s, which means the same", (text, expected) => {
  const reference = parseReference(text);
  expect(servedName(reference)).toBe(expected);
  if (expected !== undefined) expect(referenceOf(expected as RepositoryName)).toEqual(reference);
});
