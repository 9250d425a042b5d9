import { beforeEach, expect, it } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import type { ApiRequest, Reply } from "#http/route.ts";
import { Router } from "#http/router.ts";
import type { InspectedNetwork } from "#network/list.ts";
import type { Network } from "#network/record/network.ts";
import type { NetworkBackend } from "./backend.ts";
import { networkRoutes } from "./routes.ts";

const network: Network = {
  id: "a".repeat(64),
  name: "web",
  driver: "bridge",
  created: "2026-01-02T03:04:05.678Z",
  internal: false,
  attachable: true,
  labels: { tier: "front" },
  options: {},
  ipam: { subnet: "172.16.0.0/24", gateway: "172.16.0.1", auxiliary: {}, chosenBy: "pool" },
};
const state: InspectedNetwork = {
  network,
  usage: { "172.16.0.0/24": { inUse: 4n, available: 252n }, "fd00::/64": { inUse: 2n, available: 2n ** 64n - 2n } },
  containers: [
    {
      id: "c".repeat(64),
      name: "app",
      endpoint: {
        id: "e".repeat(64),
        networkId: network.id,
        network: "web",
        wishes: { ipam: undefined, driverOptions: undefined, gatewayPriority: 0, aliases: [], links: [] },
        link: {
          bridge: "dhb0",
          hostName: "dh0",
          name: "eth0",
          mac: "02:42:ac:10:00:02",
          mtu: 1500,
          address: "172.16.0.2",
          prefixLength: 24,
          gateway: "172.16.0.1",
        },
      },
    },
  ],
};

let asked: unknown[];
beforeEach(() => {
  asked = [];
});

const backend: NetworkBackend = {
  list: (filters) => (asked.push([...filters]), [state]),
  inspect: (reference) => (asked.push(reference), state),
  create: async (body) => (asked.push(body), network),
  remove: async (reference) => void asked.push(reference),
  prune: async (filters, before) => (asked.push([[...filters], before]), ["web"]),
  connect: async (input) => void asked.push(input),
  disconnect: async (input) => void asked.push(input),
  traceName: async (input) => (asked.push(input), { Container: "app", Name: "db", Type: "A", Embedded: true, Steps: [] }),
};

async function call(method: ApiRequest["method"], path: string, body?: unknown): Promise<Reply> {
  const url = new URL(path, "http://dhow");
  const found = new Router(networkRoutes(backend)).match(method, url.pathname);
  if (found === undefined) throw new EngineError("not-found", "page not found");
  return await found.route.handler({
    method,
    path: url.pathname,
    params: found.params,
    query: url.searchParams,
    headers: {},
    apiVersion: [1, 51],
    signal: new AbortController().signal,
    body: (async function* () {})(),
    json: async () => body,
  });
}

const shown = {
  Name: "web",
  Id: network.id,
  Created: "2026-01-02T03:04:05.678Z",
  Scope: "local",
  Driver: "bridge",
  EnableIPv4: true,
  EnableIPv6: false,
  IPAM: { Driver: "default", Options: {}, Config: [{ Subnet: "172.16.0.0/24", Gateway: "172.16.0.1" }] },
  Internal: false,
  Attachable: true,
  Ingress: false,
  ConfigFrom: { Network: "" },
  ConfigOnly: false,
  Containers: {},
  Options: {},
  Labels: { tier: "front" },
};

it("lists with empty maps, never null", async () => {
  const reply = await call("GET", `/networks?filters=${encodeURIComponent('{"driver":["bridge"],"type":{"custom":true}}')}`);
  expect(reply).toMatchObject({ kind: "json", status: 200, body: [shown] });
  expect(asked).toEqual([
    [
      ["driver", ["bridge"]],
      ["type", ["custom"]],
    ],
  ]);
});

it("refuses a filter it does not know", async () => {
  await expect(call("GET", '/networks?filters={"colour":["red"]}')).rejects.toThrow(expect.objectContaining({ category: "invalid" }));
});

it("inspects with the containers that are on it", async () => {
  const container = {
    Name: "app",
    EndpointID: "e".repeat(64),
    MacAddress: "02:42:ac:10:00:02",
    IPv4Address: "172.16.0.2/24",
    IPv6Address: "",
  };
  expect(await call("GET", "/networks/web?verbose=true")).toMatchObject({
    body: { ...shown, Containers: { ["c".repeat(64)]: container } },
  });
  expect(asked).toEqual(["web"]);
});

it("says how much of each subnet is in use, with every digit of a number", async () => {
  const { body } = (await call("GET", "/networks/web")) as unknown as { body: { Status: unknown } };
  expect(JSON.stringify(body.Status)).toBe(
    '{"IPAM":{"Subnets":{"172.16.0.0/24":{"IPsInUse":4,"DynamicIPsAvailable":252},' +
      '"fd00::/64":{"IPsInUse":2,"DynamicIPsAvailable":18446744073709551614}}}}',
  );
});

it("creates", async () => {
  const body = { Name: "web", Driver: "bridge", IPAM: { Driver: "default", Config: null }, Options: null, Nonsense: 1 };
  expect(await call("POST", "/networks/create", body)).toMatchObject({ status: 201, body: { Id: network.id, Warning: "" } });
  expect(asked).toEqual([{ Name: "web", Driver: "bridge", IPAM: { Driver: "default" } }]);
  await expect(call("POST", "/networks/create", { Name: 7 })).rejects.toThrow(expect.objectContaining({ category: "invalid" }));
});

it("removes, connects and disconnects", async () => {
  expect(await call("DELETE", "/networks/web")).toMatchObject({ kind: "empty", status: 204 });
  const settings = { IPAMConfig: { IPv4Address: "172.16.0.9" } };
  expect(await call("POST", "/networks/web/connect", { Container: "app", EndpointConfig: settings })).toMatchObject({ status: 200 });
  expect(await call("POST", "/networks/web/disconnect", { Container: "app", Force: true })).toMatchObject({ status: 200 });
  expect(asked).toEqual(["web", { network: "web", container: "app", settings }, { network: "web", container: "app", force: true }]);
});

it("traces a name", async () => {
  expect(await call("GET", "/containers/app/dns?name=db")).toMatchObject({
    kind: "json",
    status: 200,
    body: { Name: "db", Embedded: true },
  });
  await call("GET", "/containers/app/dns?name=db&type=AAAA");
  expect(asked).toEqual([
    { container: "app", name: "db", type: undefined },
    { container: "app", name: "db", type: "AAAA" },
  ]);
});

it("prunes by labels and age", async () => {
  const filters = encodeURIComponent('{"label!":["keep"],"until":["1700000000"]}');
  expect(await call("POST", `/networks/prune?filters=${filters}`)).toMatchObject({ body: { NetworksDeleted: ["web"] } });
  expect(asked).toMatchObject([
    [
      [
        ["label!", ["keep"]],
        ["until", ["1700000000"]],
      ],
      1_700_000_000_000,
    ],
  ]);
  const twice = encodeURIComponent('{"until":["1","2"]}');
  await expect(call("POST", `/networks/prune?filters=${twice}`)).rejects.toThrow("more than one until filter specified");
});
