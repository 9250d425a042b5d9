/** For tests: a container service over fakes, with its folders in a temporary place. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "#lib/logger.ts";
import type { HostFacts } from "#runtime/oci/spec-input.ts";
import { instanceOf } from "#spec/instance.ts";
import { Database } from "#store/db/database.ts";
import type { ContainerFiles } from "#store/files/contract.ts";
import type { Snapshotter } from "#store/snapshots/contract.ts";
import type { ContainerDeps, ContainerOptions, SandboxPlanner } from "../deps.ts";
import { createContainerService, type ContainerService } from "../service.ts";
import { FakeEvents, FakeImages, FakeLogKeeper, FakeLogs, FakeNetworks, FakeVolumes } from "./fake-peers.ts";
import { FakeRuntime } from "./fake-runtime.ts";
import { FakeSnapshots } from "./fake-snapshots.ts";
import { fakeSandbox } from "./fake-sandbox.ts";

const hostFacts: HostFacts = {
  architecture: "amd64",
  capabilities: [],
  cgroup: "v2",
  rlimits: {},
  cpus: 2,
  memoryBytes: 2 ** 31,
  runtime: "crun",
  kernel: [6, 1],
};

/** Everything of one test. `restart` puts a new service on what the old one left, as a new daemon does. */
export class Harness implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "dhow-containers-"));
  readonly database = Database.open(":memory:");
  readonly runtime = new FakeRuntime();
  readonly snapshots = new FakeSnapshots();
  readonly images = new FakeImages();
  readonly networks = new FakeNetworks();
  readonly volumes = new FakeVolumes();
  readonly logs = new FakeLogs();
  readonly logKeeper = new FakeLogKeeper();
  readonly events = new FakeEvents();
  readonly sandbox: SandboxPlanner & { user: string } = fakeSandbox();
  service: ContainerService;

  constructor() {
    this.images.add("busybox");
    this.service = createContainerService(this.#deps(), this.options);
  }

  get options(): ContainerOptions {
    return {
      instance: instanceOf("dhow-test", { dataRoot: join(this.folder, "data"), execRoot: join(this.folder, "run") }),
      host: hostFacts,
      defaults: { shmSize: 64, seccompProfile: undefined, noNewPrivileges: false, ulimits: [], cgroupNamespace: "private", init: false },
      hostname: "host",
      logDefaults: { driver: "json-file", options: {} },
      maskedPaths: ["/proc/kcore"],
      readonlyPaths: ["/proc/sys"],
    };
  }

  /** Creates a container of `busybox`. */
  async create(name: string, change: { config?: object; hostConfig?: object } = {}): Promise<string> {
    const { id } = await this.service.create({
      name,
      config: { Image: "busybox", ...change.config },
      hostConfig: { NetworkMode: "none", ...change.hostConfig },
      endpoints: {},
      platform: undefined,
    });
    return id;
  }

  async run(name: string, change: { config?: object; hostConfig?: object } = {}): Promise<string> {
    const id = await this.create(name, change);
    await this.service.start(id);
    return id;
  }

  status(reference: string): string {
    return this.service.find(reference).state.status;
  }

  /** A new daemon after the old one was killed: nothing of the old one is finished. */
  crash(): void {
    this.service = createContainerService(this.#deps(), this.options);
  }

  #deps(): ContainerDeps {
    return {
      database: this.database,
      runtime: this.runtime,
      snapshots: this.snapshots as unknown as Snapshotter,
      // Files are real or nothing: see test/integration/container/files.
      files: {} as ContainerFiles,
      images: this.images,
      networks: this.networks,
      volumes: this.volumes,
      logs: this.logs,
      logKeeper: this.logKeeper,
      trees: { measure: () => Promise.resolve(0) },
      events: this.events,
      sandbox: this.sandbox,
      sharedMemory: { mount: () => Promise.resolve(), unmount: () => Promise.resolve() },
      logger: silentLogger,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service.close();
    this.database.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits until something holds, and fails with what was seen last. */
export async function eventually<T>(look: () => T, holds: (value: T) => boolean = Boolean, ms = 20_000): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const value = look();
    if (holds(value)) return value;
    if (performance.now() > end) throw new Error(`not in time: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
