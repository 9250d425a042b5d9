import type { Container } from "#container/record/container.ts";
import type { Health } from "#container/health/health.ts";
import type { ListedContainer } from "#container/list/list.ts";
import type { NetworkSandbox, PlannedMount } from "#container/ports.ts";
import type { ApiVersion } from "#spec/api-version.ts";
import { compareApiVersions } from "#spec/api-version.ts";
import type { MountPoint, PortSummary } from "#spec/docker-api/types.ts";
import { summaryNetworks } from "./container-networks.ts";
import { shownStatus, statusText } from "./container-status.ts";

const HEALTH_SINCE: ApiVersion = [1, 52];

/** A row of `GET /containers/json`. Nothing that Docker's clients loop over is null. */
export function containerSummary(listed: ListedContainer, apiVersion: ApiVersion, now: number): object {
  const { container, sandbox, health, sizes, imageName, linkNames } = listed;
  const { config, hostConfig } = container;
  return {
    Id: container.id,
    Names: [`/${container.name}`, ...linkNames],
    Image: imageName,
    ImageID: container.image.id,
    Command: commandText(config.Entrypoint, config.Cmd),
    Created: Math.trunc(container.created / 1000),
    Ports: portSummaries(sandbox?.ports ?? {}),
    ...(sizes === undefined ? {} : { SizeRw: sizes.writable, SizeRootFs: sizes.root }),
    Labels: config.Labels ?? {},
    State: shownStatus(container),
    Status: statusText(container, health, now),
    HostConfig: {
      NetworkMode: hostConfig.NetworkMode ?? "",
      ...(hostConfig.Annotations === undefined ? {} : { Annotations: hostConfig.Annotations }),
    },
    NetworkSettings: { Networks: summaryNetworks(container, sandbox) },
    Mounts: container.mounts.map(mountPoint),
    ...(tellsHealth(apiVersion) ? { Health: { Status: health?.status ?? "none", FailingStreak: health?.failingStreak ?? 0 } } : {}),
  };
}

function tellsHealth(apiVersion: ApiVersion): boolean {
  return compareApiVersions(apiVersion, HEALTH_SINCE) >= 0;
}

/** Everything that a row is made of, beside the container itself: a change makes another object, or another text, of each. */
interface RowInputs {
  readonly sandbox: NetworkSandbox | undefined;
  readonly health: Health | undefined;
  /** The image's and the links' names, the status, and whether health is told. */
  readonly texts: string;
}

const known = new WeakMap<Container, RowInputs & { readonly row: string }>();

/** `containerSummary` as JSON text, the same as long as nothing of it changes: clients list hundreds of containers every second. */
export function containerRow(listed: ListedContainer, apiVersion: ApiVersion, now: number): string {
  if (listed.sizes !== undefined) return JSON.stringify(containerSummary(listed, apiVersion, now));
  const { container, sandbox, health, imageName, linkNames } = listed;
  const told = tellsHealth(apiVersion) ? "h" : "";
  const texts = [told, statusText(container, health, now), imageName, ...linkNames].join("\n");
  const found = known.get(container);
  if (found !== undefined && found.sandbox === sandbox && found.health === health && found.texts === texts) return found.row;
  const row = JSON.stringify(containerSummary(listed, apiVersion, now));
  known.set(container, { sandbox, health, texts, row });
  return row;
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
    const onHost = targets.filter(({ HostPort }) => HostPort !== "");
    return onHost.length === 0 ? [row] : onHost.map(({ HostIp, HostPort }) => ({ IP: HostIp, ...row, PublicPort: Number(HostPort) }));
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
