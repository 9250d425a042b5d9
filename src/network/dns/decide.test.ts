import { describe, expect, it } from "vitest";
import type { Network } from "../record/network.ts";
import type { Endpoint, Sandbox, SandboxNames } from "../sandbox/sandbox.ts";
import { decide, type DecideDeps, type Decision } from "./decide.ts";
import { CLASS_IN, TYPE } from "./message.ts";
import { Zone } from "./zone.ts";

const SUBNETS: Record<string, string> = { app: "10.0.1.0/24", back: "10.0.2.0/24", bridge: "10.0.3.0/24" };

function network(name: string): Network {
  const ipam = { subnet: SUBNETS[name] ?? "", gateway: "", auxiliary: {}, chosenBy: "pool" as const };
  return { id: `id-${name}`, name, driver: "bridge", created: "", internal: false, attachable: false, labels: {}, options: {}, ipam };
}

function on(name: string, address: string, wishes: Partial<Endpoint["wishes"]> = {}): Endpoint {
  const link = { bridge: "", hostName: "", name: "eth0", mac: "", mtu: 1500, address, prefixLength: 24, gateway: undefined };
  const all = { ipam: undefined, driverOptions: undefined, gatewayPriority: 0, aliases: [], links: [], ...wishes };
  return { id: `e-${name}-${address}`, networkId: `id-${name}`, network: name, wishes: all, link };
}

function sandbox(containerName: string, endpoints: Endpoint[], names: Partial<SandboxNames> = {}, more: Partial<Sandbox> = {}): Sandbox {
  const own = {
    embedded: true,
    onDefaultNetwork: true,
    hostname: "",
    domainname: "",
    servers: [],
    search: [],
    options: [],
    extraHosts: [],
    ...names,
  };
  return {
    id: `s-${containerName}`,
    containerId: containerName.padEnd(64, "0"),
    containerName,
    phase: "connected",
    netns: `/run/${containerName}`,
    endpoints,
    gatewayEndpoint: endpoints[0]?.id,
    ports: [],
    exposed: [],
    files: { hosts: "", resolvConf: "" },
    names: own,
    ...more,
  };
}

class Table {
  version = 0;
  #sandboxes: Sandbox[];

  constructor(sandboxes: Sandbox[]) {
    this.#sandboxes = sandboxes;
  }

  all(): Sandbox[] {
    return this.#sandboxes;
  }

  set(...sandboxes: Sandbox[]): void {
    this.#sandboxes = sandboxes;
    this.version += 1;
  }
}

function over(table: Table): DecideDeps {
  return { zone: new Zone(table), network: (id) => network(id.slice("id-".length)), servers: () => ["192.0.2.53"] };
}

/** `A 10.0.0.1`, or the code of an answer without records, or whom to ask. */
function told(decision: Decision): string[] {
  if (decision.kind === "forward")
    return decision.servers.map(({ address, namespace }) => `ask ${address}${namespace === undefined ? "" : ` in ${namespace}`}`);
  const { records, rcode } = decision;
  return records.length === 0
    ? [`rcode ${rcode}`]
    : records.map(({ type, data }) => `${type === TYPE.A ? "A" : `${type}`} ${type === TYPE.A ? data.join(".") : data.toString("latin1")}`);
}

const web = sandbox("web", [on("app", "10.0.1.2", { aliases: ["www", "Shared"], links: [{ name: "db", alias: "base" }] })], {
  hostname: "front",
});
const db = sandbox("db", [on("app", "10.0.1.3", { aliases: ["shared"] }), on("back", "10.0.2.3")]);
const cache = sandbox("cache", [on("back", "10.0.2.4", { aliases: ["www"] })]);
const everybody = [web, db, cache];

function ask(
  asker: Sandbox,
  name: string,
  type: number = TYPE.A,
  table = new Table([...everybody.filter((one) => one.id !== asker.id), asker]),
): string[] {
  return told(decide(over(table), asker, { name, type, class: CLASS_IN, end: 0 }));
}

describe("names on networks", () => {
  it.each([
    [web, "db", ["A 10.0.1.3"]],
    [web, "web", ["A 10.0.1.2"]],
    [web, "www", ["A 10.0.1.2"]],
    [web, "front", ["A 10.0.1.2"]],
    [web, "db0000000000", ["A 10.0.1.3"]],
    [web, "db.app", ["A 10.0.1.3"]],
    [web, "db.back", ["ask 192.0.2.53"]],
    [web, "cache", ["rcode 3"]],
    [cache, "www", ["A 10.0.2.4"]],
    [cache, "db", ["A 10.0.2.3"]],
    [cache, "web", ["rcode 3"]],
    [db, "www", ["A 10.0.1.2"]],
    [db, "www.back", ["A 10.0.2.4"]],
    [web, "nosuch", ["ask 192.0.2.53"]],
    [web, "base", ["A 10.0.1.3"]],
    [db, "base", ["ask 192.0.2.53"]],
    [web, "localhost", ["A 127.0.0.1"]],
    [web, "a.localhost", ["A 127.0.0.1"]],
  ])("%o: %s", (asker, name, expected) => {
    expect(ask(asker, name)).toEqual(expected);
  });

  it("have addresses of one family, and nobody else is asked for another", () => {
    expect([TYPE.AAAA, TYPE.MX, 65].map((type) => ask(web, "db", type))).toEqual([["rcode 0"], ["rcode 0"], ["rcode 0"]]);
    expect(ask(web, "db", TYPE.ANY)).toEqual(["A 10.0.1.3"]);
    expect(ask(web, "example.org", 65)).toEqual(["ask 192.0.2.53"]);
  });

  it("stand for several in turn, each the first as often as the others", () => {
    const deps = over(new Table(everybody));
    const firsts = Array.from({ length: 6 }, () => told(decide(deps, web, { name: "shared", type: TYPE.A, class: CLASS_IN, end: 0 }))[0]);
    expect(firsts.filter((first) => first === "A 10.0.1.2")).toHaveLength(3);
    expect(new Set(firsts).size).toBe(2);
  });

  it("are those of the moment", () => {
    const table = new Table([web]);
    const deps = over(table);
    const now = () => told(decide(deps, web, { name: "db", type: TYPE.A, class: CLASS_IN, end: 0 }));
    expect(now()).toEqual(["ask 192.0.2.53"]);
    table.set(web, { ...db, phase: "prepared" });
    expect(now()).toEqual(["ask 192.0.2.53"]);
    table.set(web, db);
    expect(now()).toEqual(["A 10.0.1.3"]);
    table.set(web, { ...db, containerName: "other" });
    expect(now()).toEqual(["ask 192.0.2.53"]);
  });

  it("are only for networks of users' own where somebody keeps to Docker's rule", () => {
    const peer = sandbox("peer", [on("bridge", "10.0.3.2")]);
    const dhow = sandbox("dhow", [on("bridge", "10.0.3.3")]);
    const docker = sandbox("docker", [on("bridge", "10.0.3.4"), on("app", "10.0.1.9")], { onDefaultNetwork: false });
    const table = new Table([...everybody, peer, dhow, docker]);
    expect(ask(dhow, "peer", TYPE.A, table)).toEqual(["A 10.0.3.2"]);
    expect(ask(docker, "peer", TYPE.A, table)).toEqual(["rcode 3"]);
    expect(ask(docker, "db", TYPE.A, table)).toEqual(["A 10.0.1.3"]);
  });

  it("of added hosts come first, in both families", () => {
    const extraHosts = [
      { address: "10.9.9.9", names: "Db" },
      { address: "2001:db8::1", names: "db" },
    ];
    const asker = sandbox("asker", [on("app", "10.0.1.8")], { extraHosts });
    expect(ask(asker, "db")).toEqual(["A 10.9.9.9"]);
    expect(ask(asker, "db", TYPE.AAAA)[0]).toMatch(/^28 /);
  });
});

describe("names of addresses", () => {
  it.each([
    ["3.1.0.10.in-addr.arpa", ["12 \x02db\x03app\x00"]],
    ["99.1.0.10.in-addr.arpa", ["rcode 3"]],
    ["4.2.0.10.in-addr.arpa", ["ask 192.0.2.53"]],
    ["1.0.0.127.in-addr.arpa", ["12 \x09localhost\x00"]],
    ["11.0.0.127.in-addr.arpa", ["rcode 3"]],
    ["8.8.8.8.in-addr.arpa", ["ask 192.0.2.53"]],
    ["10.in-addr.arpa", ["ask 192.0.2.53"]],
  ])("%s", (name, expected) => {
    expect(ask(web, name, TYPE.PTR)).toEqual(expected);
  });
});

describe("everything else", () => {
  it("goes to the servers that the user named, from the container's own loopback where they are there", () => {
    const asker = sandbox("asker", [on("app", "10.0.1.8")], { servers: ["127.0.0.1", "198.51.100.1"] });
    expect(ask(asker, "example.org")).toEqual(["ask 127.0.0.1 in /run/asker", "ask 198.51.100.1"]);
  });

  it("goes nowhere from internal networks, but to the container itself", () => {
    const isolated = { gatewayEndpoint: undefined };
    expect(ask(sandbox("asker", [on("app", "10.0.1.8")], {}, isolated), "example.org")).toEqual(["rcode 3"]);
    expect(ask(sandbox("asker", [on("app", "10.0.1.8")], {}, isolated), "db")).toEqual(["A 10.0.1.3"]);
    const servers = { servers: ["127.0.0.1", "198.51.100.1"] };
    expect(ask(sandbox("asker", [on("app", "10.0.1.8")], servers, isolated), "example.org")).toEqual(["ask 127.0.0.1 in /run/asker"]);
  });

  it("is refused where it is no question for a resolver", () => {
    const deps = over(new Table(everybody));
    expect(told(decide(deps, web, { name: "db", type: TYPE.AXFR, class: CLASS_IN, end: 0 }))).toEqual(["rcode 5"]);
    expect(told(decide(deps, web, { name: "version.bind", type: TYPE.TXT, class: 3, end: 0 }))).toEqual(["rcode 5"]);
  });
});
