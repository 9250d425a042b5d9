import { randomBytes } from "node:crypto";
import { globSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FakeRegistry, imageParts, serve, sha, type ImageParts } from "#distribution/testing.ts";
import { file, tarOf } from "#lib/tar/testing.ts";
import { useDaemon } from "../../support/daemon.ts";
import { eventually } from "../../support/eventually.ts";

const daemon = useDaemon();
const MEBIBYTE = 1024 * 1024;

let registry: FakeRegistry;
beforeAll(async () => {
  registry = await FakeRegistry.start();
});
afterAll(() => registry[Symbol.asyncDispose]());

/** One layer: a file that lies in the first half of what is sent, and one behind it. */
function image(mark: string): ImageParts {
  const layer = tarOf(file(`first-${mark}`, randomBytes(2 * MEBIBYTE)), file(`second-${mark}`, randomBytes(2 * MEBIBYTE)));
  const packed = gzipSync(layer, { level: 1 });
  const { manifest } = imageParts(["x"]);
  const config = Buffer.from(
    JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [sha(layer)] } }),
  );
  const described = { ...manifest, config: { ...manifest.config, digest: sha(config), size: config.length } };
  const layers = [{ ...manifest.layers[0], digest: sha(packed), size: packed.length }] as ImageParts["manifest"]["layers"];
  return { layers: [layer], packed: [packed], config, manifest: { ...described, layers } };
}

/** Sends the layer up to its middle, and what `after` says when somebody has unpacked so much of it. */
function holdBack(parts: ImageParts, mark: string, after: (rest: Buffer) => Buffer): { readonly sawFirst: () => boolean } {
  const packed = parts.packed[0] as Buffer;
  const middle = Math.floor(packed.length * 0.75);
  let saw = false;
  registry.hook = (request, response) => {
    if (!(request.url ?? "").endsWith(sha(packed))) return false;
    response.writeHead(200, { "Content-Length": packed.length });
    response.write(packed.subarray(0, middle));
    const isUnpacked = async (): Promise<void> => {
      expect(globSync(join(daemon.instance.dataRoot, `snapshots/**/staging/*/fs/first-${mark}`))).toHaveLength(1);
      saw = true;
    };
    eventually(isUnpacked).then(
      () => response.end(after(packed.subarray(middle))),
      () => response.destroy(),
    );
    return true;
  };
  return { sawFirst: () => saw };
}

function pull(name: string): Promise<{ readonly text: string }> {
  return daemon.api("POST", `/images/create?fromImage=${registry.host}/${name}&tag=t`);
}

describe("a layer that is still downloading", () => {
  it("is unpacked meanwhile, and shows one line for both", async () => {
    const parts = image("good");
    serve(registry, "good", "t", parts);
    const { sawFirst } = holdBack(parts, "good", (rest) => rest);
    const { text } = await pull("good");
    expect(text).toContain("Status: Downloaded newer image");
    expect(sawFirst()).toBe(true);
    const statuses = text
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { status: string }).status);
    expect(statuses.lastIndexOf("Downloading")).toBeLessThan(statuses.indexOf("Extracting"));
    expect(statuses.indexOf("Download complete")).toBeLessThan(statuses.indexOf("Pull complete"));
    expect((await daemon.api("DELETE", `/images/${registry.host}/good:t`)).status).toBe(200);
  });

  it("leaves nothing when its end is not what its digest says", async () => {
    const parts = image("forged");
    serve(registry, "forged", "t", parts);
    const { sawFirst } = holdBack(parts, "forged", (rest) => Buffer.alloc(rest.length));
    const { text } = await pull("forged");
    expect(text).toMatch(/filesystem layer verification failed|broken|invalid/);
    expect(sawFirst()).toBe(true);
    expect((await daemon.api("GET", "/images/json")).json).toEqual([]);
    const left = (): string[] =>
      globSync(join(daemon.instance.dataRoot, "{snapshots/**/{staging,layers}/*,content/{ingest,blobs/sha256}/*}"));
    await eventually(async () => expect(left()).toEqual([]));
  });
});
