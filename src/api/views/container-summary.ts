import type { Container } from "#container/record/container.ts";
import type { ListedContainer } from "#container/list/list.ts";
import type { NetworkSandbox, PlannedMount } from "#container/ports.ts";
import type { ApiVersion } from "#spec/api-version.ts";
import { compareApiVersions } from "#spec/api-version.ts";
import type { MountPoint, PortSummary } from "#spec/docker-api/types.ts";
import { summaryNetworks } from "./container-networks.ts";
import { shownStatus, statusText } from "./container-status.ts";

const HEALTH_SINCE: ApiVersion = [1, 52];

/** A row of `GET /containers/json`. Nothing that Docker's clients loop over is null. */
export function containerSummary(
  { container, sandbox, health, sizes, imageName, linkNames }: ListedContainer,
  apiVersion: ApiVersion,
  now: number,
): object {
  const { names, command, ports, labels, hostConfig, networkSettings, mounts } = lastingParts(container, sandbox);
  return {
    Id: container.id,
    Names: linkNames.length === 0 ? names : [...names, ...linkNames],
    Image: imageName,
    ImageID: container.image.id,
    Command: command,
    Created: Math.trunc(container.created / 1000),
    Ports: ports,
    ...(sizes === undefined ? {} : { SizeRw: sizes.writable, SizeRootFs: sizes.root }),
    Labels: labels,
    State: shownStatus(container),
    Status: statusText(container, health, now),
    HostConfig: hostConfig,
    NetworkSettings: networkSettings,
    Mounts: mounts,
    ...(compareApiVersions(apiVersion, HEALTH_SINCE) < 0
      ? {}
      : { Health: { Status: health?.status ?? "none", FailingStreak: health?.failingStreak ?? 0 } }),
  };
}

/** What of a row stays the same as long as its container and its sandbox do: clients list hundreds of them every second. */
interface LastingParts {
  readonly sandbox: NetworkSandbox | undefined;
  readonly names: string[];
  readonly command: string;
  readonly ports: PortSummary[];
  readonly labels: object;
  readonly hostConfig: object;
  readonly networkSettings: object;
  readonly mounts: MountPoint[];
}

/** A change makes another object of a container, and of a sandbox. */
const known = new WeakMap<Container, LastingParts>();

function lastingParts(container: Container, sandbox: NetworkSandbox | undefined): LastingParts {
  const found = known.get(container);
  if (found !== undefined && found.sandbox === sandbox) return found;
  const { config, hostConfig } = container;
  const parts: LastingParts = {
    sandbox,
    names: [`/${container.name}`],
    command: commandText(config.Entrypoint, config.Cmd),
    ports: portSummaries(sandbox?.ports ?? {}),
    labels: config.Labels ?? {},
    hostConfig: {
      NetworkMode: hostConfig.NetworkMode ?? "",
      ...(hostConfig.Annotations === undefined ? {} : { Annotations: hostConfig.Annotations }),
    },
    networkSettings: { Networks: summaryNetworks(container, sandbox) },
    mounts: container.mounts.map(mountPoint),
  };
  known.set(container, parts);
  return parts;
}

/** Program and arguments; those with a space are quoted, as moby does it. */
export function commandText(entrypoint: readonly string[] | undefined, command: readonly string[] | undefined): string {
  const [program = "", ...rest] = [...(entrypoint ?? []), ...(command ?? [])];
  return [program, ...rest.map((word) => (word.includes(" ") ? `'${word}'` : word))].join(" ");
}

/** Published ports, one row for each host address, then those that are only exposed. */
export function portSummaries(ports: Readonly<Record<string, readonly { HostIp: string; HostPort: string }[] | null>>): PortSummary[] {
  return Object.entries(ports).flatMap(([key, targets]) => {
    const [port = "", protocol = "tcp"] = key.split("/");
    const row = { PrivatePort: Number(port), Type: protocol as "tcp" };
    if (targets === null || targets.length === 0) return [row];
    return targets.map(({ HostIp, HostPort }) => ({ IP: HostIp, ...row, PublicPort: Number(HostPort) }));
  });
}

/** Name and driver only where there is a volume, as Go leaves them out. */
export function mountPoint({ shown }: PlannedMount): MountPoint {
  return {
    ...(shown.Type === undefined ? {} : { Type: shown.Type }),
    ...(shown.Name ? { Name: shown.Name } : {}),
    Source: shown.Source ?? "",
    Destination: shown.Destination ?? "",
    ...(shown.Driver ? { Driver: shown.Driver } : {}),
    Mode: shown.Mode ?? "",
    RW: shown.RW ?? true,
    Propagation: shown.Propagation ?? "",
  };
}
