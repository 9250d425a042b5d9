import type { PortChange } from "#spec/network/port-change.ts";
import type { NetworkRate } from "#spec/network/rate.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { EngineEvent, EventSink } from "#events/contract.ts";
import type { LogFormat, LogKeeper, LogQuery, LogReader, LogRecord, MonitorLog } from "#logs/contract.ts";
import { encodeRecords } from "#logs/read/encode-records.ts";
import type { LogLayout } from "#logs/layout.ts";
import type { ImageRunConfig } from "#spec/oci-image/types.ts";
import type {
  ImageSource,
  NetworkProvider,
  NetworkRequest,
  NetworkSandbox,
  PlannedMount,
  PrepareRequest,
  ResolvedImage,
  VolumeProvider,
  VolumeRequest,
} from "../ports.ts";

const digestOf = (text: string): `sha256:${string}` => `sha256:${Buffer.from(text).toString("hex").padEnd(64, "0").slice(0, 64)}`;

/** Images by reference. */
export class FakeImages implements ImageSource {
  readonly images = new Map<string, ResolvedImage>();

  add(reference: string, config: ImageRunConfig = { Cmd: ["sh"] }): ResolvedImage {
    const image: ResolvedImage = {
      id: digestOf(reference),
      config: {
        architecture: process.arch === "x64" ? "amd64" : "arm64",
        os: "linux",
        config,
        rootfs: { type: "layers", diff_ids: [digestOf("layer")] },
      },
      topLayer: digestOf("layer"),
      manifest: undefined,
    };
    this.images.set(reference, image);
    this.images.set(image.id, image);
    return image;
  }

  async resolve(reference: string): Promise<ResolvedImage> {
    await Promise.resolve();
    const image = this.images.get(reference);
    if (image === undefined) throw new EngineError("not-found", `No such image: ${reference}:latest`);
    return image;
  }
}

/** Networks that are always there, and ports that can be taken once. */
export class FakeNetworks implements NetworkProvider {
  readonly calls: string[] = [];
  readonly sandboxes = new Map<string, NetworkSandbox>();
  readonly republished: [containerId: string, change: PortChange][] = [];
  readonly rates = new Map<string, NetworkRate | undefined>();
  restored: ReadonlySet<string> | undefined;
  prepareFailure: Error | undefined;
  connectFailure: Error | undefined;
  readonly requests: NetworkRequest[] = [];

  validate({ mode }: NetworkRequest): void {
    if (mode === "nosuch") throw new EngineError("not-found", `network ${mode} not found`);
  }

  async prepare(request: NetworkRequest): Promise<NetworkSandbox> {
    this.calls.push(`prepare ${request.containerId}`);
    this.requests.push(request);
    await Promise.resolve();
    if (this.prepareFailure !== undefined) throw this.prepareFailure;
    const ports = Object.fromEntries(
      Object.entries(request.portBindings).map(([port, targets]) => [
        port,
        targets?.map(({ HostPort }) => ({ HostIp: "0.0.0.0", HostPort: HostPort ?? "" })) ?? null,
      ]),
    );
    const sandbox: NetworkSandbox = {
      netns: request.mode === "host" ? undefined : `/run/netns/${request.containerId}`,
      endpoints: { [request.mode]: { IPAddress: "10.0.0.2", NetworkID: "n1" } },
      ports,
      files: { hosts: "127.0.0.1 localhost\n", resolvConf: "nameserver 10.0.0.1\n" },
    };
    this.sandboxes.set(request.containerId, sandbox);
    return sandbox;
  }

  async connect(containerId: string): Promise<void> {
    this.calls.push(`connect ${containerId}`);
    await Promise.resolve();
    if (this.connectFailure !== undefined) throw this.connectFailure;
  }

  release(containerId: string): Promise<void> {
    this.calls.push(`release ${containerId}`);
    this.sandboxes.delete(containerId);
    return Promise.resolve();
  }

  restore(running: ReadonlySet<string>): Promise<void> {
    this.restored = running;
    return Promise.resolve();
  }

  republish(containerId: string, change: PortChange): Promise<void> {
    this.republished.push([containerId, change]);
    return Promise.resolve();
  }

  limit(containerId: string, rate: NetworkRate | undefined): Promise<void> {
    this.rates.set(containerId, rate);
    return Promise.resolve();
  }

  rename(containerId: string, name: string): Promise<void> {
    this.calls.push(`rename ${containerId} ${name}`);
    return Promise.resolve();
  }

  sandboxOf(containerId: string): NetworkSandbox | undefined {
    return this.sandboxes.get(containerId);
  }
}

/** One anonymous volume for each path that the configuration names. */
export class FakeVolumes implements VolumeProvider {
  readonly released: { readonly id: string; readonly removeAnonymous: boolean }[] = [];
  planFailure: Error | undefined;

  async plan({ config, inherited }: VolumeRequest): Promise<readonly PlannedMount[]> {
    await Promise.resolve();
    if (this.planFailure !== undefined) throw this.planFailure;
    return [...inherited, ...Object.keys(config.Volumes ?? {}).map(volumeAt)];
  }

  prepare({ mounts }: PrepareRequest): Promise<readonly PlannedMount[]> {
    return Promise.resolve(mounts);
  }

  located(_holder: string, mounts: readonly PlannedMount[]): readonly PlannedMount[] {
    return mounts;
  }

  unmount(): Promise<void> {
    return Promise.resolve();
  }

  restoreMounts(): Promise<void> {
    return Promise.resolve();
  }

  release(id: string, { removeAnonymous }: { removeAnonymous: boolean }): Promise<void> {
    this.released.push({ id, removeAnonymous });
    return Promise.resolve();
  }
}

export function volumeAt(target: string): PlannedMount {
  return {
    type: "volume",
    target,
    source: `/volumes${target}`,
    volumeName: `v${target.replaceAll("/", "-")}`,
    readOnly: false,
    propagation: "",
    copyUp: true,
    options: [],
    shown: {
      Type: "volume",
      Name: `v${target.replaceAll("/", "-")}`,
      Source: `/volumes${target}`,
      Destination: target,
      Driver: "local",
      RW: true,
    },
  };
}

/** A log of records that a test wrote. */
export class FakeLogs implements LogReader {
  readonly records: LogRecord[] = [];
  readonly queries: LogQuery[] = [];

  async *read(_path: string, query: LogQuery): AsyncGenerator<readonly LogRecord[]> {
    this.queries.push(query);
    yield this.records.filter(({ stream }) => query[stream]);
    await query.follow;
  }

  async *stream(folder: string, query: LogQuery, format: LogFormat): AsyncGenerator<Uint8Array> {
    for await (const records of this.read(folder, query)) {
      yield encodeRecords(records, format);
    }
  }
}

/** Says where logs would be, and remembers which are looked after. */
export class FakeLogKeeper implements LogKeeper {
  readonly watched = new Map<string, LogLayout>();

  prepare(folder: string, { fileBytes }: LogLayout): Promise<MonitorLog> {
    return Promise.resolve({ path: `${folder}/feed`, fileBytes });
  }

  watch(folder: string, layout: LogLayout): void {
    this.watched.set(folder, layout);
  }

  release(folder: string): Promise<void> {
    this.watched.delete(folder);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.watched.clear();
    return Promise.resolve();
  }
}

export class FakeEvents implements EventSink {
  readonly events: Omit<EngineEvent, "timeNano">[] = [];

  emit(event: Omit<EngineEvent, "timeNano">): void {
    this.events.push(event);
  }

  /** Actions of one container, in order. */
  actions(id?: string): string[] {
    return this.events.filter((event) => id === undefined || event.id === id).map(({ action }) => action);
  }
}
