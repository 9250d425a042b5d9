/** A driver over a folder of the test, for suites and tests of drivers. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach } from "vitest";
import { silentLogger } from "#lib/logger.ts";
import type { Digest } from "#spec/digest.ts";
import { detachMount } from "#sys/mounts/mount.ts";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import { file, folder, tarOf, type FixtureEntry } from "#lib/tar/testing.ts";
import { Trees } from "../tree/trees.ts";
import { createUnpacker } from "../unpack/unpacker.ts";
import type { DriverInstance, SnapshotDriver } from "./driver.ts";

export interface DriverFixture {
  /** The driver, over the folder of the test. */
  snapshots: DriverInstance;
  readonly root: string;
  /** A daemon that starts anew, on the same boot of the host or on another. */
  restart(bootId?: string): DriverInstance;
  /** Imports a layer of entries; returns its chain id. */
  layer(name: string, parent: Digest | undefined, ...entries: readonly FixtureEntry[]): Promise<Digest>;
  /** Imports a layer of a few files: `etc/conf`, `d/a` and `d/b`. */
  readonly base: () => Promise<Digest>;
  /** Makes a writable on a layer, and mounts it. */
  readonly rootOf: (id: string, parent: Digest | undefined) => Promise<string>;
}

const never = new AbortController().signal;

export function idOf(name: string): Digest {
  return `sha256:${createHash("sha256").update(name).digest("hex")}`;
}

/** A fixture for each test of a file, in a folder of its own below `base`. */
export function useDriver(create: SnapshotDriver["create"], base: () => string = tmpdir): DriverFixture {
  const unpacker = createUnpacker();
  const trees = new Trees();
  const deps = { trees, logger: silentLogger };
  const fixture = {
    root: "",
    restart: (bootId = "boot-1") => (fixture.snapshots = create(deps, { root: fixture.root, bootId })),
    layer: async (name: string, parent: Digest | undefined, ...entries: readonly FixtureEntry[]) => {
      const { whiteouts } = fixture.snapshots;
      await fixture.snapshots.importLayer(idOf(name), parent, async (target, below) => {
        await unpacker.unpack({ source: { stream: once(tarOf(...entries)) }, folder: target, below, whiteouts }, never);
      });
      return idOf(name);
    },
    base: () =>
      fixture.layer("base", undefined, folder("etc/"), file("etc/conf", "base"), folder("d/"), file("d/a", "a"), file("d/b", "b")),
    rootOf: async (id: string, parent: Digest | undefined) => {
      await fixture.snapshots.createWritable(id, parent);
      return fixture.snapshots.mount(id);
    },
  } as DriverFixture & { root: string };

  beforeEach(() => {
    fixture.root = mkdtempSync(join(base(), "dhow-snapshots-"));
    fixture.restart();
  });

  afterEach(async () => {
    await fixture.snapshots.settle();
    for (const point of mountPointsBelow(fixture.root).toReversed()) await detachMount(point)();
    rmSync(fixture.root, { recursive: true, force: true });
  });

  afterAll(async () => {
    await unpacker.close();
    await trees.close();
  });

  return fixture;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
