import { EngineError } from "#errors/engine-error.ts";
import type { ContainerConfig, HostConfig } from "#spec/docker-api/types.ts";
import { utsMode } from "../modes.ts";

const PROTOCOLS = ["tcp", "udp", "sctp"];
const CONTAINER = "container:";

/** Options that contradict the network mode, and ports that are none; texts are dockerd's. @throws EngineError `invalid`. */
export function validateNetworkOptions(config: ContainerConfig, hostConfig: HostConfig): void {
  const mode = hostConfig.NetworkMode ?? "";
  if (mode === CONTAINER || mode === "container") throw new EngineError("invalid", "invalid container format container:<name|id>");
  for (const problem of [...modeProblems(config, hostConfig, mode), ...portProblems(config, hostConfig)])
    throw new EngineError("invalid", problem);
}

function* modeProblems(config: ContainerConfig, hostConfig: HostConfig, mode: string): Generator<string> {
  const hasHostname = (config.Hostname ?? "") !== "";
  if (utsMode(hostConfig.UTSMode)?.kind === "host" && hasHostname) yield "conflicting options: hostname and the UTS mode";
  if (!mode.startsWith(CONTAINER)) return;
  if (hasHostname) yield "conflicting options: hostname and the network mode";
  if ((hostConfig.Dns ?? []).length > 0) yield "conflicting options: dns and the network mode";
  if ((hostConfig.ExtraHosts ?? []).length > 0) yield "conflicting options: custom host-to-IP mapping and the network mode";
  const publishes = hostConfig.PublishAllPorts === true || Object.keys(hostConfig.PortBindings ?? {}).length > 0;
  if (publishes) yield "conflicting options: port publishing and the container type network mode";
  if (Object.keys(config.ExposedPorts ?? {}).length > 0) yield "conflicting options: port exposing and the container type network mode";
}

function* portProblems({ ExposedPorts }: ContainerConfig, { PortBindings }: HostConfig): Generator<string> {
  for (const port of [...Object.keys(ExposedPorts ?? {}), ...Object.keys(PortBindings ?? {})]) {
    if (!isPort(port)) yield `invalid port specification: "${port.slice(0, 100)}"`;
  }
  for (const binding of Object.values(PortBindings ?? {}).flatMap((bindings) => bindings ?? [])) {
    const port = binding.HostPort ?? "";
    if (port !== "" && !isRange(port)) yield `invalid port specification: "${port.slice(0, 100)}"`;
  }
}

/** `80`, `80/tcp`; images also name ranges. */
function isPort(text: string): boolean {
  const [ports = "", protocol = "tcp", ...rest] = text.split("/");
  return rest.length === 0 && PROTOCOLS.includes(protocol.toLowerCase()) && isRange(ports);
}

function isRange(text: string): boolean {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return false;
  const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])];
  return from <= to && to <= 65_535;
}
