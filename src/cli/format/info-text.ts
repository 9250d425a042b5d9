import type { SystemInfo } from "#spec/docker-api/types.ts";
import type { ClientVersion } from "./client-version.ts";
import { printable } from "./printable.ts";
import { binarySize } from "./units.ts";

/** A line of the text: how deep, its title, its value; undefined for what the daemon does not tell. */
type Row = readonly [depth: number, title: string, value?: string | number | boolean | undefined];

/** What `info` says to people of the client. */
export function clientInfoText({ Version, Context }: ClientVersion): string {
  return rendered([
    [0, "Client"],
    [1, "Version", Version],
    [1, "Context", Context],
  ]);
}

/** What `info` says to people of the engine, in the order that docker's command line has. */
export function serverInfoText(info: SystemInfo): string {
  return rendered([
    [0, "Server"],
    ...counts(info),
    ...drivers(info),
    ...plugins(info),
    [1, "Swarm", info.Swarm?.LocalNodeState],
    ...runtimes(info),
    ...security(info),
    ...host(info),
    ...daemon(info),
  ]);
}

function counts(info: SystemInfo): Row[] {
  return [
    [1, "Containers", info.Containers],
    [2, "Running", info.ContainersRunning],
    [2, "Paused", info.ContainersPaused],
    [2, "Stopped", info.ContainersStopped],
    [1, "Images", info.Images],
    [1, "Server Version", info.ServerVersion],
  ];
}

function drivers(info: SystemInfo): Row[] {
  return [
    [1, "Storage Driver", info.Driver],
    ...(info.DriverStatus ?? []).map(([name = "", value = ""]): Row => [2, name, value]),
    [1, "Logging Driver", info.LoggingDriver],
    [1, "Cgroup Driver", info.CgroupDriver],
    [1, "Cgroup Version", info.CgroupVersion],
  ];
}

function plugins({ Plugins }: SystemInfo): Row[] {
  const named = (title: string, names: readonly string[] | undefined): Row[] =>
    names === undefined || names.length === 0 ? [] : [[2, title, names.join(" ")]];
  return [[1, "Plugins"], ...named("Volume", Plugins?.Volume), ...named("Network", Plugins?.Network), ...named("Log", Plugins?.Log)];
}

function runtimes({ Runtimes, DefaultRuntime, RuncCommit }: SystemInfo): Row[] {
  return [
    [
      1,
      "Runtimes",
      Object.keys(Runtimes ?? {})
        .sort()
        .join(" "),
    ],
    [1, "Default Runtime", DefaultRuntime],
    [1, "Runtime Version", RuncCommit?.ID],
  ];
}

/** `name=seccomp,profile=builtin`: its name, and the rest below it. */
function security({ SecurityOptions }: SystemInfo): Row[] {
  const options = (SecurityOptions ?? []).flatMap((option): Row[] => {
    const fields = option.split(",").map((field): [string, string] => [field.split("=")[0] ?? "", field.slice(field.indexOf("=") + 1)]);
    const name = fields.find(([key]) => key === "name")?.[1] ?? option;
    const others = fields
      .filter(([key]) => key !== "name")
      .map(([key, value]): Row => [3, `${key.charAt(0).toUpperCase()}${key.slice(1)}`, value]);
    return [[2, name], ...others];
  });
  return options.length === 0 ? [] : [[1, "Security Options"], ...options];
}

function host(info: SystemInfo): Row[] {
  return [
    [1, "Kernel Version", info.KernelVersion],
    [1, "Operating System", info.OperatingSystem],
    [1, "OSType", info.OSType],
    [1, "Architecture", info.Architecture],
    [1, "CPUs", info.NCPU],
    [1, "Total Memory", info.MemTotal === undefined ? undefined : binarySize(info.MemTotal)],
    [1, "Name", info.Name],
    [1, "ID", info.ID],
  ];
}

function daemon(info: SystemInfo): Row[] {
  const list = (title: string, values: readonly string[] | undefined): Row[] =>
    values === undefined || values.length === 0 ? [] : [[1, title], ...values.map((value): Row => [2, value])];
  return [
    [1, "Docker Root Dir", info.DockerRootDir],
    [1, "Debug Mode", info.Debug],
    ...proxies(info),
    ...list("Labels", info.Labels),
    [1, "Experimental", info.ExperimentalBuild],
    ...list("Insecure Registries", info.RegistryConfig?.InsecureRegistryCIDRs),
    ...list("Registry Mirrors", info.RegistryConfig?.Mirrors),
    [1, "Live Restore Enabled", info.LiveRestoreEnabled],
    [1, "Firewall Backend", info.FirewallBackend?.Driver],
    ...list("CDI spec directories", info.CDISpecDirs),
  ];
}

function proxies({ HttpProxy, HttpsProxy, NoProxy }: SystemInfo): Row[] {
  const set: Row[] = [
    [1, "HTTP Proxy", HttpProxy],
    [1, "HTTPS Proxy", HttpsProxy],
    [1, "No Proxy", NoProxy],
  ];
  return set.filter(([, , value]) => value !== "");
}

/** A title alone is a heading, or an item of a list where it has no sub-rows and stands two deep. */
function rendered(rows: readonly Row[]): string {
  return rows
    .filter((row) => row.length === 2 || row[2] !== undefined)
    .map((row) => `${" ".repeat(row[0])}${printable(row[1])}${ending(row)}\n`)
    .join("");
}

function ending(row: Row): string {
  if (row.length === 3) return `: ${printable(String(row[2]))}`;
  return row[0] === 2 ? "" : ":";
}
