import type { HostConfig } from "#spec/docker-api/types.ts";
import { completeHostConfig } from "../create/host-config.ts";
import { defaultsOf } from "../create/create.ts";
import { joinedContainer } from "../create/network-request.ts";
import type { ContainerContext } from "../deps.ts";
import type { PlannedMount } from "../ports.ts";
import type { Container } from "../record/container.ts";

/** A process that is run once, in a container of which there is no record: a step of a build. */
export interface Step {
  /** Of a container; its writable is there already. */
  readonly id: string;
  readonly argv: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly cwd: string;
  /** Empty is root. */
  readonly user: string;
  /** Always the same for the same build: it may get into what the step makes. */
  readonly hostname: string;
  /** Network, limits, hosts: what a client may ask for a build. */
  readonly hostConfig: HostConfig;
  /** Host path to absolute path. */
  readonly mounts: readonly { readonly source: string; readonly target: string; readonly readOnly: boolean }[];
}

export function stepContainer({ options, store }: Pick<ContainerContext, "options" | "store">, step: Step): Container {
  const given: HostConfig = { ...step.hostConfig, LogConfig: { Type: "none", Config: {} }, Init: false };
  const completed = completeHostConfig(given, defaultsOf(options));
  const hostConfig = { ...completed, NetworkMode: networkOf(store, completed.NetworkMode ?? "bridge"), IpcMode: "private" };
  return {
    id: step.id,
    name: "",
    created: Date.now(),
    config: {
      Hostname: hostConfig.NetworkMode === "host" ? options.hostname : step.hostname,
      User: step.user,
      Env: [...step.env],
      Cmd: [...step.argv],
      WorkingDir: step.cwd,
      Labels: {},
    },
    hostConfig,
    endpoints: joinedContainer(hostConfig.NetworkMode) === undefined ? { [hostConfig.NetworkMode]: {} } : {},
    image: { id: `sha256:${"0".repeat(64)}`, reference: "", os: "linux", topLayer: undefined, manifest: undefined },
    mounts: step.mounts.map(plannedMount),
    restartCount: 0,
    state: { status: "created" },
  };
}

/** Kept by id, as with any container that joins another's. */
function networkOf(store: ContainerContext["store"], mode: string): string {
  const joined = joinedContainer(mode);
  return joined === undefined ? mode : `container:${store.find(joined).id}`;
}

function plannedMount({ source, target, readOnly }: Step["mounts"][number]): PlannedMount {
  const shown = { Type: "bind" as const, Source: source, Destination: target, Mode: "", RW: !readOnly, Propagation: "rprivate" as const };
  return { type: "bind", source, target, readOnly, volumeName: undefined, propagation: "rprivate", copyUp: false, options: [], shown };
}
