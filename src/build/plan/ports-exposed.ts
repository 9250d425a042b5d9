import { isIP } from "node:net";
import { Refusal } from "../parser/fault.ts";
import type { Place, Warnings } from "./warnings.ts";

const LARGEST_PORT = 65_535;

/** `80`, `80/udp`, `8000-8010`; also `ip:host:container` of old, which earns a warning. @throws Refusal */
export function exposedPorts(words: readonly string[], warnings: Warnings, place: Place): readonly string[] {
  return words.flatMap((word) => portsOf(word, warnings, place));
}

function portsOf(word: string, warnings: Warnings, place: Place): readonly string[] {
  const parts = word.split(":");
  const container = parts.at(-1) ?? "";
  const host = parts.at(-2) ?? "";
  const ip = parts.slice(0, -2).join(":");
  const { port, protocol } = protocolOf(container, word);
  if (protocol !== protocol.toLowerCase()) {
    warnings.add("ExposeProtoCasing", place, `Defined protocol '${word}' in EXPOSE instruction should be lowercase`);
  }
  if (ip !== "" || host !== "") {
    const found = `EXPOSE instruction should not define an IP address or host-port mapping, found '${word}'`;
    warnings.add("ExposeInvalidFormat", place, found);
  }
  checkAddress(ip);
  const [first, last] = rangeOf(port, "containerPort");
  if (host !== "") checkHostRange(host, port, last - first);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol.toLowerCase()}`);
}

function protocolOf(text: string, word: string): { port: string; protocol: string } {
  const [port = "", protocol = ""] = text.split("/", 2);
  if (port === "") throw new Refusal(`invalid port: ${JSON.stringify(word)}: no port specified`);
  if (!["", "tcp", "udp", "sctp"].includes(protocol.toLowerCase()) || text.split("/").length > 2) {
    throw new Refusal(`invalid port: ${JSON.stringify(word)}: invalid proto: ${text.slice(port.length + 1)}`);
  }
  return { port, protocol: protocol || "tcp" };
}

function checkAddress(ip: string): void {
  if (ip !== "" && isIP(ip.replace(/^\[(.*)\]$/, "$1")) === 0) throw new Refusal(`invalid IP address: ${ip}`);
}

function checkHostRange(host: string, container: string, width: number): void {
  const [first, last] = rangeOf(host, "hostPort");
  if (width > 0 && last - first !== width) {
    throw new Refusal(`invalid ranges specified for container and host Ports: ${container} and ${host}`);
  }
}

function rangeOf(text: string, what: string): [number, number] {
  const [, first = "", last] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text) ?? [];
  const range: [number, number] = [Number(first || Number.NaN), Number(last ?? (first || Number.NaN))];
  if (!(range[0] <= range[1] && range[1] <= LARGEST_PORT)) throw new Refusal(`invalid ${what}: ${text}`);
  return range;
}
