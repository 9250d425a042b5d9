import { isIP } from "node:net";
import { monotonicMs } from "#lib/monotonic.ts";
import { EngineError } from "#errors/engine-error.ts";
import { type DnsStep, type DnsTrace, dnsTypes } from "#spec/network/dns-trace.ts";
import { parseResolvConf } from "../name-files/resolv-conf.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { reverseNameOf } from "./address-data.ts";
import type { Why } from "./decide.ts";
import type { Attempt, Forwarded } from "./forwarder.ts";
import { encodeQuery, LARGEST_MESSAGE, RCODE, rcodeOf } from "./message.ts";
import type { Resolution, Resolver } from "./resolver.ts";
import { showRecords } from "./show-records.ts";

const CODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

/**
 * Asks as a program in the container would, through its hosts file, search domains and the embedded server, and tells each step.
 *
 * @param type a record type by name; without one, A, or PTR for an address.
 * @throws EngineError `invalid`.
 */
export async function traceName(resolver: Pick<Resolver, "explain">, asker: Sandbox, name: string, type?: string): Promise<DnsTrace> {
  const isAddress = isIP(name) !== 0;
  const typeText = (type ?? (isAddress ? "PTR" : "A")).toUpperCase();
  const trace = { Container: asker.containerName, Name: name, Type: typeText, Embedded: asker.names.embedded };
  const number = Object.hasOwn(dnsTypes, typeText) ? dnsTypes[typeText] : undefined;
  if (number === undefined) throw new EngineError("invalid", `unknown record type ${typeText}: one of ${Object.keys(dnsTypes).join(", ")}`);
  const inHosts = hostsStep(asker.files.hosts, name, typeText);
  if (inHosts !== undefined) return { ...trace, Steps: [inHosts] };
  const steps: DnsStep[] = [];
  for (const candidate of isAddress ? [reverseNameOf(name)] : candidatesOf(asker.files.resolvConf, name)) {
    const step = await traceOne(resolver, asker, candidate, number);
    steps.push(step);
    if (step.Records.length > 0 || !["NXDOMAIN", "NOERROR"].includes(step.Code)) break;
  }
  return { ...trace, Steps: steps };
}

function hostsStep(hosts: string, name: string, type: string): DnsStep | undefined {
  const family = { A: 4, AAAA: 6 }[type];
  const lines = hosts.split("\n").map((line) => line.split(/\s+/));
  const found = lines.find(([address = "", ...names]) => names.includes(name) && isIP(address) === family);
  if (found === undefined) return undefined;
  const Records = [`${type} ${found[0] ?? ""}`];
  return {
    Name: name,
    Code: "NOERROR",
    Source: "hosts file",
    Network: "",
    Reason: "a line of /etc/hosts",
    DurationMs: 0,
    Records,
    Attempts: [],
  };
}

/** In the order of resolv.conf(5). */
function candidatesOf(resolvConf: string, name: string): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const { search, options } = parseResolvConf(resolvConf);
  const ndots = Number(options.findLast((option) => option.startsWith("ndots:"))?.slice("ndots:".length) ?? 1);
  const searched = search.map((domain) => `${name}.${domain.replace(/\.$/, "")}`);
  return name.split(".").length - 1 >= ndots ? [name, ...searched] : [...searched, name];
}

async function traceOne(resolver: Pick<Resolver, "explain">, asker: Sandbox, name: string, type: number): Promise<DnsStep> {
  const query = encodeQuery(name, type);
  if (query === undefined) throw new EngineError("invalid", `${JSON.stringify(name)} is no name`);
  const began = monotonicMs();
  const resolution = await resolver.explain(asker, query, LARGEST_MESSAGE);
  const DurationMs = rounded(monotonicMs() - began);
  const Code = codeText(rcodeOf(resolution.packet));
  return {
    Name: name,
    Code,
    ...sourceOf(resolution),
    DurationMs,
    Records: showRecords(resolution.packet),
    Attempts: resolution.attempts.map(shownAttempt),
  };
}

function sourceOf({ decision, forwarded }: Resolution): Pick<DnsStep, "Source" | "Network" | "Reason"> {
  if (decision.kind === "own") {
    const { source, network = "" } = decision.why;
    return { Source: source, Network: network, Reason: reasonOf(decision.why) };
  }
  const source = forwarded?.source ?? "nobody";
  return { Source: source, Network: "", Reason: forwarded === undefined ? "" : forwardReason(forwarded) };
}

function reasonOf({ source, network = "", kind = "name" }: Why): string {
  const reasons: Record<Why["source"], string> = {
    localhost: "the container itself",
    "extra-host": "added by --add-host",
    link: `a link of this container on network ${network}`,
    network: kind === "alias" ? `an alias on network ${network}` : `a container's ${kind} on network ${network}`,
    reverse: "an address of one of its networks, or of loopback",
    "other-network": "a container is called so, on networks that this one is not on",
    isolated: "nobody on its networks is called so, and nothing leaves internal networks",
    unsupported: "a question that is not answered here",
  };
  return reasons[source];
}

function forwardReason({ source, ageSeconds = 0, server }: Forwarded): string {
  const reasons: Record<Forwarded["source"], string> = {
    cache: `a server's answer of ${ageSeconds} s ago`,
    server: `server ${server?.address ?? "which failed, as all of them"}`,
    shared: "the same question was under way",
    limit: "too many questions of this container, or of all, are under way",
    nobody: "no server answered",
  };
  return reasons[source];
}

function shownAttempt({ server, transport, rcode, error, milliseconds }: Attempt): DnsStep["Attempts"][number] {
  return {
    Server: server.address,
    From: server.namespace === undefined ? "host" : "container",
    Transport: transport ?? "",
    Code: rcode === undefined ? "" : codeText(rcode),
    Error: error ?? "",
    DurationMs: rounded(milliseconds),
  };
}

function codeText(rcode: number): string {
  return CODES[rcode] ?? (rcode === RCODE.success ? "NOERROR" : `RCODE${rcode}`);
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
