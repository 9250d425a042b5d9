import { posix } from "node:path";
import { EngineError, isEngineError, messageOf } from "#errors/engine-error.ts";
import { checkLogConfig } from "#logs/config/drivers.ts";
import type { ContainerConfig, EndpointSettings, HostConfig } from "#spec/docker-api/types.ts";
import { endpointWishes } from "#spec/network/endpoint-wishes.ts";
import { formatPlatform, hostPlatform, imageMatches, normalizePlatform } from "#spec/platform.ts";
import { checkCreate } from "./check-create.ts";
import type { ContainerStore } from "../record/container-store.ts";
import { bindOwnerOf } from "./bind-owner.ts";
import { engineLabelsOf } from "./engine-labels.ts";
import { healthOnFailure } from "../health/on-failure.ts";
import { unknownCheck } from "../health/plan.ts";
import { emitContainerEvent } from "../record/container-events.ts";
import type { Container } from "../record/container.ts";
import type { ContainerContext, ContainerOptions } from "../deps.ts";
import { finishRemoval, type RemovalDeps } from "../remove/finish-removal.ts";
import { completeHostConfig } from "./host-config.ts";
import { newContainerId, parseContainerName } from "./identity.ts";
import { resolveLinks } from "../links/resolve.ts";
import { mergeConfig } from "./merge-config.ts";
import { freeRandomName } from "./name-generator.ts";
import { logConfigOf } from "./log-config.ts";
import { joinedContainer, networkModeOf, networkRequest } from "./network-request.ts";
import { writableLimit } from "./writable-limit.ts";
import type { PlannedMount, ResolvedImage } from "../ports.ts";
import { checkUserNamespace, isRemapped } from "../run/sharing/user-namespaces.ts";
import { both } from "../both.ts";

export interface CreateRequest {
  /** Undefined: a random one. */
  readonly name: string | undefined;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** `linux/arm64`: the image has to be for it. */
  readonly platform: string | undefined;
}

export interface CreateAnswer {
  readonly id: string;
  readonly warnings: readonly string[];
}

export type CreateDeps = RemovalDeps & Pick<ContainerContext, "images" | "sandbox" | "events" | "userNamespaces">;

type Draft = Omit<Container, "mounts">;

/**
 * Makes a container out of an image. Nothing of it runs yet.
 *
 * @throws EngineError `not-found` for an unknown image, `conflict` for a name in use, `invalid`, `not-implemented`.
 */
export async function createContainer(deps: CreateDeps, request: CreateRequest): Promise<CreateAnswer> {
  checkCreate(request.config, request.hostConfig);
  if (!request.config.Image) throw new EngineError("invalid", "config cannot be empty in order to create a container");
  const image = await deps.images.resolve(request.config.Image, request.platform);
  const id = newContainerId();
  const draft = draftOf(deps, id, request, image);
  healthOnFailure(draft.engineLabels ?? {}, "none");
  bindOwnerOf(draft.engineLabels ?? {});
  checkLogConfig(logConfigOf(draft));
  requireRuntime(deps, draft.hostConfig.Runtime ?? "");
  checkUserNamespace(deps, draft.hostConfig);
  deps.sandbox.wantsInit({ hostConfig: draft.hostConfig, defaults: deps.options.defaults, initPath: deps.options.initPath });
  const warnings = [
    ...platformWarnings(request, image),
    ...healthWarnings(draft.config),
    ...deps.sandbox.check(draft.config, draft.hostConfig),
  ];
  // What their specifications say is looked up at each start; that there are any is better said now.
  if ((draft.hostConfig.DeviceRequests ?? []).length > 0) await deps.sandbox.lookUpDevices(draft.hostConfig);
  if (joinedContainer(draft.hostConfig.NetworkMode) === undefined) validateNetwork(deps, draft);
  const inherited = inheritedMounts(deps.store, draft.hostConfig.VolumesFrom ?? []);
  const hostConfig = deps.sandbox.supported(draft.hostConfig);
  const limit = writableLimit(hostConfig);
  const container = await makeParts(deps, { ...draft, hostConfig, name: reserveName(deps.store, request.name, id) }, { inherited, limit });
  emitContainerEvent(deps.events, container, "create");
  return { id, warnings };
}

function draftOf({ store, options }: CreateDeps, id: string, request: CreateRequest, image: ResolvedImage): Draft {
  const hostConfig = resolvePeers(store, completeHostConfig(request.hostConfig, defaultsOf(options)));
  const merged = mergeConfig(request.config, image.config.config);
  const config: ContainerConfig = {
    ...merged,
    Hostname: merged.Hostname || defaultHostname(options, id, hostConfig),
    WorkingDir: merged.WorkingDir ? posix.normalize(merged.WorkingDir) : "",
  };
  return {
    id,
    name: "",
    created: Date.now(),
    config,
    engineLabels: engineLabelsOf(request.config),
    hostConfig,
    endpoints: endpointsOf(hostConfig, request.endpoints),
    image: {
      id: image.id,
      reference: request.config.Image ?? "",
      os: image.config.os,
      topLayer: image.topLayer,
      manifest: image.manifest,
    },
    restartCount: 0,
    state: { status: "created" },
  };
}

/**
 * A network that is missing is found out at the start, as with Docker: its command line takes a 404 at the creation for a missing
 * image, and goes off to pull it (docker/cli cli/command/container/create.go).
 */
function validateNetwork({ networks }: CreateDeps, draft: Draft): void {
  try {
    networks.validate(networkRequest(draft));
  } catch (error) {
    if (!isEngineError(error, "not-found")) throw error;
  }
}

/** The network of its mode is always among them, first. */
function endpointsOf({ NetworkMode: mode = "" }: HostConfig, asked: CreateRequest["endpoints"]): CreateRequest["endpoints"] {
  const own: [string, EndpointSettings][] = joinedContainer(mode) === undefined ? [[mode, {}]] : [];
  return Object.fromEntries([
    ...own,
    ...Object.entries(asked).map(([network, settings]) => [networkModeOf(network), endpointWishes(settings)] as const),
  ]);
}

export function defaultsOf({
  defaults,
  host,
  logDefaults,
  ipcMode = "private",
  maskedPaths,
  readonlyPaths,
}: ContainerOptions): Parameters<typeof completeHostConfig>[1] {
  const { shmSize, cgroupNamespace } = defaults;
  return { runtime: host.runtime, logDefaults, shmSize, cgroupNamespace, ipcMode, maskedPaths, readonlyPaths };
}

function defaultHostname(options: ContainerOptions, id: string, { NetworkMode, UTSMode }: HostConfig): string {
  return NetworkMode === "host" || UTSMode === "host" ? options.hostname : id.slice(0, 12);
}

/** `container:<name>` is kept by id, so that a rename does not change what is meant. A network's owner may come later. */
function resolvePeers(store: ContainerStore, hostConfig: HostConfig): HostConfig {
  const resolve = (mode: string | undefined): string | undefined => {
    const reference = joinedContainer(mode);
    return reference === undefined ? mode : `container:${findNamed(store, reference).id}`;
  };
  const network = joinedContainer(hostConfig.NetworkMode);
  const networkMode = network !== undefined && isKnown(store, network) ? resolve(hostConfig.NetworkMode) : hostConfig.NetworkMode;
  return {
    ...hostConfig,
    NetworkMode: networkMode,
    PidMode: resolve(hostConfig.PidMode),
    IpcMode: resolve(hostConfig.IpcMode),
    Links: resolveLinks(store, hostConfig),
  };
}

function isKnown(store: ContainerStore, reference: string): boolean {
  try {
    return store.find(reference) !== undefined;
  } catch {
    return false;
  }
}

/** A container that the request names is the request's mistake: 400, as Docker answers. */
function findNamed(store: ContainerStore, reference: string): Container {
  try {
    return store.find(reference);
  } catch (cause) {
    throw new EngineError("invalid", messageOf(cause), { cause });
  }
}

/** `name[:ro|rw]`, each. */
function inheritedMounts(store: ContainerStore, volumesFrom: readonly string[]): PlannedMount[] {
  return volumesFrom.flatMap((entry) => {
    const [reference = "", mode = ""] = entry.split(":", 2);
    if (!["", "ro", "rw", "z", "Z"].includes(mode)) throw new EngineError("invalid", `invalid mode: ${mode}`);
    const mounts = findNamed(store, reference).mounts;
    return mode === "ro" ? mounts.map(asReadOnly) : mounts;
  });
}

function asReadOnly(mount: PlannedMount): PlannedMount {
  return { ...mount, readOnly: true, shown: { ...mount.shown, RW: false, Mode: "ro" } };
}

/** @throws EngineError `invalid` with Docker's text. */
function requireRuntime({ runtime }: CreateDeps, name: string): void {
  if (!runtime.features.runtimes.some((known) => known.name === name)) {
    throw new EngineError("invalid", `unknown or invalid runtime name: ${name}`);
  }
}

function platformWarnings({ platform }: CreateRequest, { config }: ResolvedImage): string[] {
  if (platform !== undefined || imageMatches(hostPlatform(), config)) return [];
  return [
    `The requested image's platform (${formatPlatform(normalizePlatform(config))}) does not match the detected host platform ` +
      `(${formatPlatform(hostPlatform())}) and no specific platform was requested`,
  ];
}

/** Docker takes these without a word, and runs none. */
function healthWarnings(config: ContainerConfig): string[] {
  const kind = unknownCheck(config);
  if (kind === undefined) return [];
  return [`Unknown health check type ${JSON.stringify(kind)} (expected CMD, CMD-SHELL or NONE): the container has no health check`];
}

function reserveName(store: ContainerStore, given: string | undefined, id: string): string {
  const name = given === undefined ? freeRandomName((candidate) => store.isNameFree(candidate)) : parseContainerName(given);
  store.reserveName(name, id);
  return name;
}

/** Volumes and the writable root, then the record: a failure, or a crash, in between is a removal. */
async function makeParts(
  deps: CreateDeps,
  draft: Draft,
  { inherited, limit }: { readonly inherited: readonly PlannedMount[]; readonly limit: number | undefined },
): Promise<Container> {
  const { id, config, hostConfig, image } = draft;
  const bindOwner = bindOwnerOf(draft.engineLabels ?? {});
  try {
    deps.store.begin(id);
    const [mounts] = await both(
      deps.volumes.plan({ containerId: id, config, hostConfig, inherited, bindOwner }),
      deps.snapshots.createWritable(id, image.topLayer, {
        disposable: hostConfig.AutoRemove ?? false,
        remapped: isRemapped(deps, hostConfig),
        limit,
      }),
    );
    const container: Container = { ...draft, mounts };
    deps.store.commit(container);
    return container;
  } catch (error) {
    deps.store.releaseName(draft.name, id);
    finishRemoval(deps, { id, removeVolumes: true });
    throw error;
  }
}
