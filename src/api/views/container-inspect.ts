import type { InspectedContainer } from "#container/list/inspect.ts";
import { compareApiVersions, type ApiVersion } from "#spec/api-version.ts";
import { configView } from "./container-config.ts";
import { hostConfigView } from "./container-host-config.ts";
import { legacyEndpoint, networksView } from "./container-networks.ts";
import { stateView, timeText } from "./container-state.ts";
import { mountPoint } from "./container-summary.ts";

/** From here on NetworkSettings has no fields that repeat the default bridge's endpoint. */
const WITHOUT_LEGACY_NETWORK: ApiVersion = [1, 52];

/** The answer of `GET /containers/{id}/json`, in Docker's order. */
export function inspectView(inspected: InspectedContainer, apiVersion: ApiVersion): object {
  const { container, sizes, paths, driver, links, execIds } = inspected;
  const { config } = container;
  const [path = "", ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  const wasStarted = container.state.status !== "created";
  const shown = (file: string): string => (wasStarted ? file : "");
  return {
    Id: container.id,
    Created: timeText(container.created),
    Path: path,
    Args: args,
    State: stateView(container, inspected.health),
    Image: container.image.id,
    ResolvConfPath: shown(paths.resolvConf),
    HostnamePath: shown(paths.hostname),
    HostsPath: shown(paths.hosts),
    LogPath: container.hostConfig.LogConfig?.Type === "none" ? "" : shown(paths.log),
    Name: `/${container.name}`,
    RestartCount: container.restartCount,
    Driver: driver,
    Platform: container.image.os,
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: wasStarted ? (inspected.apparmorProfile ?? "") : "",
    ExecIDs: execIds.length === 0 ? null : execIds,
    HostConfig: { ...hostConfigView(container.hostConfig), Links: links ?? null },
    GraphDriver: { Data: null, Name: driver },
    ...(sizes === undefined ? {} : { SizeRw: sizes.writable, SizeRootFs: sizes.root }),
    Mounts: container.mounts.map(mountPoint),
    Config: configView(config),
    NetworkSettings: networkSettingsView(inspected, apiVersion),
  };
}

function networkSettingsView({ container, sandbox }: InspectedContainer, apiVersion: ApiVersion): object {
  const sandboxKey = sandbox?.netns ?? "";
  const current = {
    SandboxID: sandbox === undefined ? "" : container.id,
    SandboxKey: sandboxKey,
    Ports: sandbox?.ports ?? {},
    Networks: networksView(container, sandbox),
  };
  if (compareApiVersions(apiVersion, WITHOUT_LEGACY_NETWORK) >= 0) return current;
  const endpoint = legacyEndpoint(container, sandbox);
  return {
    Bridge: "",
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: endpoint.EndpointID ?? "",
    Gateway: endpoint.Gateway ?? "",
    GlobalIPv6Address: endpoint.GlobalIPv6Address ?? "",
    GlobalIPv6PrefixLen: endpoint.GlobalIPv6PrefixLen ?? 0,
    IPAddress: endpoint.IPAddress ?? "",
    IPPrefixLen: endpoint.IPPrefixLen ?? 0,
    IPv6Gateway: endpoint.IPv6Gateway ?? "",
    MacAddress: endpoint.MacAddress ?? "",
    ...current,
  };
}
