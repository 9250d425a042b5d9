import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bytePathOf } from "#lib/byte-path.ts";
import { makeCanary, type Canary } from "../testing/canary.ts";
import { dishonestyOf } from "../testing/dishonesty.ts";
import { hostileLayers, type HostileLayer } from "../testing/hostile-layers.ts";
import { tarOf } from "#lib/tar/testing.ts";
import { removeFolder } from "../tree/remove-folder.ts";
import { createUnpacker } from "./unpacker.ts";

const unpacker = createUnpacker();
const KIT = resolve(import.meta.dirname, "../../../../shared/tools/attack/mkimg.py");

/** In memory where that is possible: ext4 is slow to make files where as many were just deleted. */
const ROOMY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

let base: string;
let canary: Canary;
let before: unknown;

beforeEach(() => {
  base = mkdtempSync(join(ROOMY, "dhow-hostile-"));
  canary = makeCanary(join(base, "host"));
  before = canary.look();
  mkdirSync(join(base, "layer"));
});

afterEach(() => {
  removeFolder(bytePathOf(base));
});

afterAll(() => unpacker.close());

async function unpack(archive: Buffer): Promise<string | undefined> {
  writeFileSync(join(base, "archive"), archive);
  const source = { path: join(base, "archive") };
  try {
    await unpacker.unpack({ source, folder: join(base, "layer"), whiteouts: "overlay" }, AbortSignal.timeout(30_000));
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ category: "invalid", code: "invalid-layer" });
    return (error as Error).message;
  }
}

function expectOutcome({ outcome }: HostileLayer, message: string | undefined): void {
  if ("refused" in outcome) expect(message).toMatch(outcome.refused);
  else expect(message).toBeUndefined();
}

/** Flaws that other engines and libraries had with archives; which case is about which stands beside it. */
describe("P01: a hostile layer (CVE-2014-6407, CVE-2014-9356, CVE-2026-17106, CVE-2026-23745, CVE-2026-23950, CVE-2026-26960, CVE-2026-29786, CVE-2026-31802, CVE-2026-39243, CVE-2026-50163, CVE-2021-32760, CVE-2021-41089, CVE-2017-14992, CVE-2021-21285, CVE-2025-58183)", () => {
  it.each(hostileLayers)(
    "$row: $name: $about",
    async (layer) => {
      expectOutcome(layer, await unpack(tarOf(...layer.entries(canary.folder))));
      expect(dishonestyOf(join(base, "layer"))).toEqual([]);
      expect(canary.look()).toEqual(before);
    },
    60_000,
  );
});

describe.skipIf(!existsSync(KIT))("P01: the attack kit's layer", () => {
  let shelf: string;
  /** Writes the hostile layer of every case of the kit. */
  const script = `
import sys; sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True
import mkimg
for name, entries in mkimg.cases(sys.argv[3]).items():
    open(sys.argv[2] + "/" + name, "wb").write(mkimg.tarb(entries))
`;
  /** The canary that the kit's layers know. */
  let known: string;
  const names = existsSync(KIT)
    ? execFileSync("python3", [KIT, "--list"], { encoding: "utf8" }).trim().split(" ")
    : ["(the kit is not here)"];

  beforeAll(() => {
    shelf = mkdtempSync(join(ROOMY, "dhow-kit-"));
    known = join(shelf, "host");
    execFileSync("python3", ["-c", script, dirname(KIT), shelf, known]);
  }, 120_000);

  afterAll(() => {
    removeFolder(bytePathOf(shelf));
  });

  it("is one of ours, every one", () => {
    const ours = new Set(hostileLayers.map(({ name }) => name));
    expect(names.filter((name) => !ours.has(name))).toEqual([]);
    expect(names.length).toBeGreaterThanOrEqual(45);
  });

  it.each(names)(
    "%s",
    async (name) => {
      canary = makeCanary(known);
      before = canary.look();
      const layer = hostileLayers.find((ours) => ours.name === name);
      if (layer === undefined) throw new Error(`no expectation for ${name}`);
      expectOutcome(layer, await unpack(readFileSync(join(shelf, name))));
      expect(dishonestyOf(join(base, "layer"))).toEqual([]);
      expect(canary.look()).toEqual(before);
      removeFolder(bytePathOf(known));
    },
    60_000,
  );
});

it("CVE-2025-47290: unpacks no more than it is asked to: two layers of one folder each do not meet", async () => {
  const flips = (link: boolean): Buffer =>
    tarOf(
      ...Array.from({ length: 200 }, (_, round) => [
        { name: "d", type: link === (round % 2 === 0) ? "2" : "5", link: canary.folder },
        { name: "d/f", data: "x" },
      ]).flat(),
    );
  const folders = Array.from({ length: 8 }, (_, index) => join(base, `layer-${index}`));
  for (const folder of folders) mkdirSync(folder);
  writeFileSync(join(base, "a"), flips(true));
  writeFileSync(join(base, "b"), flips(false));
  const signal = new AbortController().signal;
  // CVE-2025-47290: a check and a use with another unpacking in between.
  await Promise.all(
    folders.map((folder, index) =>
      unpacker.unpack({ source: { path: join(base, index % 2 === 0 ? "a" : "b") }, folder, whiteouts: "overlay" }, signal),
    ),
  );
  expect(canary.look()).toEqual(before);
  expect(readdirSync(join(base, "host"))).toEqual(["canary"]);
});
