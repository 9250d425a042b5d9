import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { EngineEvent } from "#events/contract.ts";
import { silentLogger } from "#lib/logger.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { parseFilters } from "#spec/filters/filters.ts";
import { volumeListFilterKeys, volumePruneFilterKeys } from "#spec/filters/volume.ts";
import { Database } from "#store/db/database.ts";
import { Trees } from "#store/tree/trees.ts";
import type { PluginPatience } from "./plugin/plugin-client.ts";
import type { ImageRoots } from "./ports.ts";
import type { PlannedMount } from "./request/planned-mount.ts";
import { Volumes, type VolumesDeps, type VolumesOptions } from "./volumes.ts";

/** Short enough for a test, long enough for a busy machine. */
const QUICK: PluginPatience = { ask: 5_000, work: 5_000, retryAfter: 20, retries: 2 };

/** Images by reference, each with a folder for its content. */
class FakeImageRoots implements ImageRoots {
  readonly roots = new Map<string, string>();
  readonly names = new Map<string, string>();

  resolve(reference: string): ReturnType<ImageRoots["resolve"]> {
    if (!this.roots.has(reference)) return Promise.reject(new Error(`No such image: ${reference}`));
    return Promise.resolve({ id: reference, topLayer: `sha256:${Buffer.from(reference).toString("hex")}` });
  }

  reserve(name: string, topLayer: string | undefined): Promise<void> {
    this.names.set(name, Buffer.from(topLayer?.slice("sha256:".length) ?? "", "hex").toString());
    return Promise.resolve();
  }

  withRoot<T>(name: string, use: (root: string) => T): Promise<T> {
    return Promise.resolve(use(this.roots.get(this.names.get(name) ?? "") ?? "/nowhere"));
  }

  release(name: string): Promise<void> {
    this.names.delete(name);
    return Promise.resolve();
  }

  reserved(): readonly string[] {
    return [...this.names.keys()];
  }
}

/** Volumes in a folder of the test's own. */
export class VolumesFixture {
  readonly base = mkdtempSync(join(tmpdir(), "dhow-volumes-"));
  readonly root = join(this.base, "volumes");
  readonly rootfs = join(this.base, "rootfs");
  readonly plugins = join(this.base, "plugins");
  readonly database = Database.open(":memory:");
  readonly trees = new Trees();
  readonly images = new FakeImageRoots();
  readonly events: Omit<EngineEvent, "timeNano">[] = [];
  volumes: Volumes;

  constructor() {
    mkdirSync(this.rootfs);
    mkdirSync(this.plugins);
    this.volumes = this.open();
  }

  open(deps: Partial<VolumesDeps> = {}, options: Partial<VolumesOptions> = {}): Volumes {
    const { database, trees, images, root, plugins } = this;
    return new Volumes(
      { database, trees, images, events: { emit: (event) => void this.events.push(event) }, logger: silentLogger, ...deps },
      {
        root,
        stage: join(this.base, "stage"),
        pluginFolders: { sockets: [plugins], specifications: [plugins] },
        patience: QUICK,
        ...options,
      },
    );
  }

  plan(
    containerId: string,
    hostConfig: HostConfig,
    imageVolumes: string[] = [],
    inherited: readonly PlannedMount[] = [],
  ): Promise<readonly PlannedMount[]> {
    const config = { Volumes: Object.fromEntries(imageVolumes.map((path) => [path, {}])) };
    return this.volumes.plan({ containerId, hostConfig, inherited, config });
  }

  prepare(
    container: string,
    mounts: readonly PlannedMount[],
    { uid = 0, gid = 0, holder = container } = {},
  ): Promise<readonly PlannedMount[]> {
    return this.volumes.prepare({ container, holder, rootfs: this.rootfs, mounts, user: () => ({ uid, gid }) });
  }

  async list(filters?: object): Promise<string[]> {
    const parsed = parseFilters(filters === undefined ? null : JSON.stringify(filters), volumeListFilterKeys);
    return (await this.volumes.list(parsed)).volumes.map(({ name }) => name);
  }

  async prune(filters: object = {}, allByDefault = false): Promise<readonly string[]> {
    const parsed = parseFilters(JSON.stringify(filters), volumePruneFilterKeys);
    return (await this.volumes.prune(parsed, { allByDefault, signal: AbortSignal.timeout(10_000) })).deleted;
  }

  async close(): Promise<void> {
    await this.volumes.close();
    await this.trees.close();
    this.database.close();
    rmSync(this.base, { recursive: true, force: true });
  }
}

/** A new one for each test. */
export function useVolumes(): () => VolumesFixture {
  let fixture: VolumesFixture;
  beforeEach(() => {
    fixture = new VolumesFixture();
  });
  afterEach(async () => {
    await fixture.close();
  });
  return () => fixture;
}

export const asked = (name: string | undefined, labels: Record<string, string> = {}): Parameters<Volumes["create"]>[0] => ({
  name,
  driver: "",
  driverOptions: {},
  labels,
});
