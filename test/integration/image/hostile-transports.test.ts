import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf } from "#image/record/image.ts";
import { hexOf } from "#spec/digest.ts";
import { chainIds } from "#spec/oci-image/chain-id.ts";
import { makeCanary } from "#store/testing/canary.ts";
import { dishonestyOf } from "#store/testing/dishonesty.ts";
import { hostileLayers, type HostileLayer } from "#store/testing/hostile-layers.ts";
import { file, folder, tarOf } from "#lib/tar/testing.ts";
import { OPAQUE } from "#store/unpack/whiteouts.ts";
import { bytePathOf } from "#lib/byte-path.ts";
import { getXattr } from "#sys/files/xattr.ts";
import { dockerArchive, type SmallImage } from "../../../scripts/hello/docker-archive.ts";
import { busyboxLayer } from "../../../scripts/hello/rootfs.ts";
import { useDaemon, type Answer } from "../../support/daemon.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { TestRegistry } from "../../support/registry.ts";

/**
 * Every hostile layer by every way into the store (docs/security.md): load, import and pull, over one daemon's API. What a container
 * then does with such a root is in hostile-layers.test.ts.
 */
const daemon = useDaemon({ images: [busyboxArchive] });
/** Below the layers that a container shows, and in the store all the time. */
const busybox = busyboxLayer();
const host = mkdtempSync(join(tmpdir(), "hostile-"));
const canary = makeCanary(join(host, "host"));
const untouched = canary.look();
let registry: TestRegistry;
beforeAll(async () => {
  registry = await TestRegistry.start();
});
afterAll(async () => {
  await registry.stop();
  rmSync(host, { recursive: true, force: true });
});

/** A way in. */
interface Transport {
  readonly name: string;
  /** The layers of the image, from the base up. `root` is a whole one, for who runs it, or nothing. */
  readonly layers: (hostile: Buffer, root: readonly Buffer[]) => readonly Buffer[];
  readonly send: (image: SmallImage) => Promise<Answer>;
  /** Cases that cannot be told whole this way, and why. They go it all the same; only what they show in a container is not asked. */
  readonly untold: Readonly<Record<string, string>>;
}

/** What a hostile layer may try to hide. Another one for each way: a layer that is here already is not unpacked again. */
const below = (transport: string): Buffer => tarOf(folder("lower/"), file("lower/keep", "keep"), file(`by-${transport}`));

const END_OF_TAR = 1024;
const joined = (...tars: readonly Buffer[]): Buffer =>
  Buffer.concat(tars.map((tar, index) => (index === tars.length - 1 ? tar : tar.subarray(0, -END_OF_TAR))));

function split(reference: string): readonly [repository: string, tag: string] {
  const colon = reference.lastIndexOf(":");
  return [reference.slice(0, colon), reference.slice(colon + 1)];
}

const made = new Map<string, Buffer>();
/** Made once for all ways: some are large. */
function hostileTar({ name, entries }: HostileLayer): Buffer {
  const tar = made.get(name) ?? tarOf(...entries(canary.folder));
  made.set(name, tar);
  return tar;
}

const ONE_LAYER = "an import is one layer: nothing lies below it that could be hidden or shown elsewhere";

const transports: readonly Transport[] = [
  {
    name: "load",
    layers: (hostile, root) => [...root, below("load"), hostile],
    send: (image) => daemon.api("POST", "/images/load", dockerArchive([image])),
    untold: {},
  },
  {
    name: "import",
    // The hostile entries come behind those of a whole root, as from whoever exported a container.
    layers: (hostile, root) => [joined(...root, below("import"), hostile)],
    send: ({ reference, layers }) => {
      const [repository, tag] = split(reference);
      return daemon.api("POST", `/images/create?fromSrc=-&repo=${repository}&tag=${tag}`, layers[0]);
    },
    untold: {
      "opq-root": ONE_LAYER,
      "xattr-opq": ONE_LAYER,
      "xattr-redir": ONE_LAYER,
      "xattr-meta": ONE_LAYER,
      "xattr-user": ONE_LAYER,
    },
  },
  {
    name: "pull",
    layers: (hostile, root) => [...root, below("pull"), hostile],
    send: async (image) => {
      const [repository, tag] = split(image.reference);
      await registry.push(repository.slice(registry.host.length + 1), tag, image);
      return daemon.api("POST", `/images/create?fromImage=${repository}&tag=${tag}`);
    },
    untold: {},
  },
];

const NO_FILE = "(none)";
const inCanary = (name: string): string => join(canary.folder, name);
/** What a link to the host's folder leads to inside the root: what the layer put there, and nothing of the host's. */
const behindLink = (name: string): Readonly<Record<string, string>> => ({ [inCanary(name)]: "x", [inCanary("canary")]: NO_FILE });
const LOWER = { "/lower/keep": "keep" };

/** What a container reads in its root, of the cases that are about that; or how it fails to start. */
const shown: Readonly<Record<string, Readonly<Record<string, string>> | RegExp>> = {
  abs: { ...behindLink("pwn-abs"), ...LOWER },
  "sym-parent": behindLink("pwn-sym"),
  "sym-rel": behindLink("pwn-symrel"),
  "sym-chain": behindLink("pwn-chain"),
  swap: behindLink("pwn-swap"),
  "sym-over": { "/f": "OVERWRITTEN", [inCanary("canary")]: NO_FILE },
  "hard-write": { "/leak": "OVERWRITTEN", [inCanary("canary")]: NO_FILE },
  "wh-sym": LOWER,
  "opq-sym": LOWER,
  // Not even a shell is left.
  "opq-root": /busybox.*(?:no such file|not found)/i,
  "wh-plnk": { "/h": "x", "/.wh..wh.plnk/1": NO_FILE },
  "xattr-opq": LOWER,
  "xattr-redir": { ...LOWER, "/stolen/keep": NO_FILE },
  // It brings an empty file of that name, which is its right; what it points at is not.
  "xattr-meta": { "/lower/keep": "" },
  "xattr-user": LOWER,
  nul: { "/ok": "x", "/evil": NO_FILE },
  dupdir: { "/a": "3" },
};

const store = {
  layers: join(daemon.instance.dataRoot, "snapshots/overlay2/layers"),
  staging: join(daemon.instance.dataRoot, "snapshots/overlay2/staging"),
  blobs: join(daemon.instance.dataRoot, "content/blobs/sha256"),
  ingest: join(daemon.instance.dataRoot, "content/ingest"),
};

/** The error of an answer, in its status or at the end of its stream. */
function errorOf({ status, text }: Answer): string | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line !== "");
  const said = lines.map((line) => JSON.parse(line) as { error?: string; errorDetail?: { message: string }; message?: string });
  if (status !== 200) return said.at(-1)?.message;
  expect(said.filter(({ error }) => error !== undefined)).toEqual(said.slice(-1).filter(({ error }) => error !== undefined));
  expect(said.at(-1)?.errorDetail?.message).toBe(said.at(-1)?.error);
  return said.at(-1)?.error;
}

const READ = `for path; do if [ -e "$path" ]; then echo "$path=$(cat "$path")"; else echo "$path=${NO_FILE}"; fi; done`;

async function expectShown(reference: string, expected: Readonly<Record<string, string>> | RegExp): Promise<void> {
  const paths = expected instanceof RegExp ? [] : Object.keys(expected);
  const created = await daemon.api("POST", "/containers/create", {
    Image: reference,
    Cmd: ["/bin/busybox", "sh", "-c", READ, "read", ...paths],
    Tty: true,
    HostConfig: { NetworkMode: "none" },
  });
  expect([created.status, created.text]).toEqual([201, expect.anything()]);
  const { Id } = created.json as { Id: string };
  const started = await daemon.api("POST", `/containers/${Id}/start`);
  if (expected instanceof RegExp) expect(started.text).toMatch(expected);
  else {
    expect([started.status, started.text]).toEqual([204, ""]);
    await daemon.api("POST", `/containers/${Id}/wait`);
    const { text } = await daemon.api("GET", `/containers/${Id}/logs?stdout=1`);
    expect(text.trim().split("\r\n")).toEqual(Object.entries(expected).map(([path, content]) => `${path}=${content}`));
  }
  expect((await daemon.api("DELETE", `/containers/${Id}?force=1`)).status).toBe(204);
}

/** Whether a layer hides all that lies below in the folder that it may not hide. */
function hidesLower(layer: string): boolean {
  return existsSync(join(layer, "lower")) && getXattr(bytePathOf(join(layer, "lower")), OPAQUE.name) !== undefined;
}

/** What was taken in, and has to be all that the store has in the end: references, and chain ids with those below. */
const accepted = { references: new Set([BUSYBOX]), layers: new Set<string>() };

describe.each(transports)("P01: by $name, a hostile layer", (transport) => {
  it.each(hostileLayers)("$row: $name: $about", async (layer) => {
    const { name, outcome } = layer;
    const seen = transport.untold[name] === undefined ? shown[name] : undefined;
    const layers = transport.layers(hostileTar(layer), seen === undefined ? [] : [busybox]);
    const reference = `${transport.name === "pull" ? `${registry.host}/` : ""}evil/${transport.name}:${name}`;
    const memory = daemon.residentMegabytes();
    const error = errorOf(await transport.send({ reference, layers, config: {} }));
    expect(canary.look()).toEqual(untouched);
    expect((await daemon.api("GET", "/_ping")).status).toBe(200);
    expect(daemon.residentMegabytes() - memory).toBeLessThan(200);
    const chain = chainIds(layers.map(digestOf));
    const unpacked = join(store.layers, hexOf(chain.at(-1) ?? digestOf(Buffer.alloc(0))));
    if ("refused" in outcome) {
      expect(error).toMatch(outcome.refused);
      expect((await daemon.api("GET", `/images/${reference}/json`)).status).toBe(404);
      expect(existsSync(unpacked)).toBe(false);
      return;
    }
    expect(error).toBeUndefined();
    accepted.references.add(reference);
    for (const chainId of chain) accepted.layers.add(hexOf(chainId));
    expect(dishonestyOf(join(unpacked, "fs"))).toEqual([]);
    expect(hidesLower(join(unpacked, "fs"))).toBe(false);
    if (seen !== undefined) await expectShown(reference, seen);
    expect(canary.look()).toEqual(untouched);
  });
});

describe("after all of them", () => {
  it("what is said of single cases is said of cases that there are", () => {
    const names = new Set(hostileLayers.map(({ name }) => name));
    const said = [...Object.keys(shown), ...transports.flatMap(({ untold }) => Object.keys(untold))];
    expect(said.filter((name) => !names.has(name))).toEqual([]);
  });

  it("the store has what was accepted, and nothing of what was refused", async () => {
    const images = (await daemon.api("GET", "/images/json?all=1")).json as { RepoTags: string[] }[];
    expect(images.flatMap(({ RepoTags }) => RepoTags).toSorted()).toEqual([...accepted.references].toSorted());
    expect(readdirSync(store.layers).toSorted()).toEqual([...accepted.layers].toSorted());
    await eventually(() => expect([readdirSync(store.staging), readdirSync(store.ingest)]).toEqual([[], []]));
  });

  it("nothing at all once those are removed", async () => {
    for (const reference of accepted.references) expect((await daemon.api("DELETE", `/images/${reference}`)).status).toBe(200);
    await eventually(() =>
      expect([store.layers, store.staging, store.blobs, store.ingest].flatMap((path) => readdirSync(path))).toEqual([]),
    );
    expect(canary.look()).toEqual(untouched);
  });
});
