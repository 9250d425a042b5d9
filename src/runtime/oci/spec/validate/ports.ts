import { EngineError } from "#errors/engine-error.ts";
import type { ContainerConfig, HostConfig } from "#spec/docker-api/types.ts";

const PROTOCOLS = ["tcp", "udp", "sctp"];

/** @throws EngineError `invalid` with dockerd's text for a port that is none. */
export function validatePorts({ ExposedPorts }: ContainerConfig, { PortBindings }: HostConfig): void {
  for (const port of [...Object.keys(ExposedPorts ?? {}), ...Object.keys(PortBindings ?? {})]) {
    if (!isPort(port)) throw invalid(port);
  }
  for (const { HostPort = "" } of Object.values(PortBindings ?? {}).flatMap((bindings) => bindings ?? [])) {
    if (HostPort !== "" && !isRange(HostPort)) throw invalid(HostPort);
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

function invalid(port: string): EngineError {
  return new EngineError("invalid", `invalid port specification: "${port.slice(0, 100)}"`);
}
