import type { ContainerConfig, EndpointSettings, HostConfig, MountPoint, PortMap } from "#spec/docker-api/types.ts";
import type { Owner } from "#lib/id-mapping.ts";
import type { Digest } from "#spec/digest.ts";
import type { NetworkRate } from "#spec/network/rate.ts";
import type { PortChange } from "#spec/network/port-change.ts";
import type { ImageConfigFile } from "#spec/oci-image/types.ts";

/** What the container noun needs of its siblings. `daemon/wire.ts` hands over services that fit. */

export interface ImageSource {
  /**
   * Finds an image that is here by reference, id or id prefix.
   * @throws EngineError `not-found` with Docker's text `No such image: <name>:<tag>`.
   */
  resolve(reference: string, platform?: string): Promise<ResolvedImage>;
}

export interface ResolvedImage {
  readonly id: Digest;
  readonly config: ImageConfigFile;
  /** Chain id of the top layer; undefined for an image without layers. */
  readonly topLayer: Digest | undefined;
  /** Digest of the manifest it came by, where it is known. */
  readonly manifest: Digest | undefined;
}

export interface NetworkProvider {
  /**
   * Checks what can be checked before a start. @throws EngineError `not-found` (`network X not found`), `invalid`.
   */
  validate(request: NetworkRequest): void;

  /**
   * Reserves addresses and host ports and makes the network namespace; `host` has none and `container:X` is the caller's to resolve.
   * Everything is undone by `release`, and undone here already when this throws (`conflict`/`exhausted`: a port in use, a pool empty).
   */
  prepare(request: NetworkRequest): Promise<NetworkSandbox>;

  /** Interfaces, routes, published ports. May run while the runtime creates the process. Idempotent. */
  connect(containerId: string): Promise<void>;

  /** Gives everything back; missing is no error. What is slow goes on behind the answer, in order, per container. */
  release(containerId: string): Promise<void>;

  /** At daemon start, once, before anything else: which containers still run. Re-establishes their rules and reservations and removes what no one owns. */
  restore(running: ReadonlySet<string>): Promise<void>;

  /** Changes how fast a running container may receive and send; undefined takes the limits away. */
  limit(containerId: string, rate: NetworkRate | undefined): Promise<void>;

  /** Publishes more ports of a running container, and some no longer. @throws EngineError; nothing has changed then. */
  republish(containerId: string, change: PortChange): Promise<void>;

  /** A container has another name. */
  rename(containerId: string, name: string): Promise<void>;

  /** What a running container has now; undefined when it has no sandbox. */
  sandboxOf(containerId: string): NetworkSandbox | undefined;
}

export interface NetworkRequest {
  readonly containerId: string;
  /** Without the slash. */
  readonly name: string;
  readonly hostname: string;
  readonly domainname: string;
  /** `bridge`, `host`, `none`, or a network's name or id (never `default` or `container:X`: the caller has resolved them). */
  readonly mode: string;
  /** What the user asked for per network: static addresses, aliases, MAC. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** `80/tcp`. */
  readonly exposedPorts: readonly string[];
  readonly portBindings: PortMap;
  readonly publishAllPorts: boolean;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  /** `name:ip`, with `host-gateway` resolved by the provider. */
  readonly extraHosts: readonly string[];
  /** Path of the network namespace that it is to have, made by the caller; one is made without. */
  readonly namespace?: string | undefined;
  /** How fast each of its interfaces may receive and send; not limited without. */
  readonly rate: NetworkRate | undefined;
  /** On the network of its mode: who is meant (a name, or the beginning of an id), and what this container calls it. */
  readonly links: readonly { readonly name: string; readonly alias: string }[];
  /** False where its user wants Docker's rule: no names on the default network. */
  readonly namesOnDefaultNetwork: boolean;
  /** It gets no IPv6 address on any network; false without. */
  readonly refusesIpv6?: boolean | undefined;
}

export interface NetworkSandbox {
  /** Path of the namespace's bind mount; undefined for the host's own. */
  readonly netns: string | undefined;
  /** By network name, as `NetworkSettings.Networks` shows it. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** As `NetworkSettings.Ports` shows it: published ports with real host addresses and ports, exposed-only ports as null. */
  readonly ports: Readonly<Record<string, { HostIp: string; HostPort: string }[] | null>>;
  /** Contents for the container's own files; undefined where the host's file is used as it is. */
  readonly files: { readonly hosts: string; readonly resolvConf: string };
}

export interface VolumeProvider {
  /**
   * Resolves HostConfig.Binds, HostConfig.Mounts, Config.Volumes and VolumesFrom into mount points, and makes the volumes that are
   * missing. Same target twice is an error, except that Config.Volumes yields. @throws EngineError `invalid` with Docker's texts.
   */
  plan(request: VolumeRequest): Promise<readonly PlannedMount[]>;

  /**
   * Before a start, or a look at a container's files: checks sources, mounts volumes, fills empty ones from the image (owners kept).
   *
   * @returns the mounts with the sources that they have for this holder until `unmount`, which is to be called also when this throws.
   */
  prepare(request: PrepareRequest): Promise<readonly PlannedMount[]>;

  /** The same for a holder who has had them prepared, be it by the daemon before this one. */
  located(holder: string, mounts: readonly PlannedMount[]): readonly PlannedMount[];

  /** Gives back what was mounted for a holder; nothing is no error. */
  unmount(holder: string): Promise<void>;

  /** At daemon start, before any container is started: gives back what was mounted for holders that are no more. */
  restoreMounts(running: ReadonlySet<string>): Promise<void>;

  /** The container is gone: references are dropped; with `removeAnonymous` its anonymous volumes too. */
  release(containerId: string, options: { removeAnonymous: boolean }): Promise<void>;
}

export interface PrepareRequest {
  readonly container: string;
  /** Who is going to give it back: the container's id for its run. */
  readonly holder: string;
  /** The mounted root; nothing of the container runs. */
  readonly rootfs: string;
  readonly mounts: readonly PlannedMount[];
  /** The container's user as the host sees him. */
  readonly user: () => Owner;
}

export interface VolumeRequest {
  readonly containerId: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** Whose files in its binds are, where a bind does not say it; undefined: the daemon's default. */
  readonly bindOwner?: "auto" | "container" | undefined;
  /** Mount points of the containers named in VolumesFrom, in order, `ro` when so asked. */
  readonly inherited: readonly PlannedMount[];
}

/** A mount that is part of the container's record: shown by inspect and turned into an OCI mount at every start. */
export interface PlannedMount {
  readonly type: "bind" | "volume" | "tmpfs" | "image";
  /** Clean absolute path in the container. */
  readonly target: string;
  /** Host path; empty for tmpfs. */
  readonly source: string;
  readonly volumeName: string | undefined;
  readonly readOnly: boolean;
  /** `rprivate`, `rslave`, … for binds. */
  readonly propagation: string;
  /** Copy the image's content in at first use (volumes, unless `nocopy`). */
  readonly copyUp: boolean;
  /** The part of the volume, or of the image, that is meant. */
  readonly subpath?: string | undefined;
  /** Of a bind: files belong to its folder's owner on the host. */
  readonly ownerMapping?: "required" | "wanted" | undefined;
  /** Restrictions that its source has on the host: `ro`, `nosuid`, `nodev`, `noexec`. Known at a start. */
  readonly sourceFlags?: readonly string[] | undefined;
  /** Extra mount options, e.g. `size=…` of a tmpfs. */
  readonly options: readonly string[];
  /** As inspect's `Mounts` shows it. */
  readonly shown: MountPoint;
}
