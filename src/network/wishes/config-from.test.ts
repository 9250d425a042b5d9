import { describe, expect, it } from "vitest";
import type { NetworkCreateBody } from "#spec/docker-api/types.ts";
import type { Network } from "../record/network.ts";
import { withConfiguration } from "./config-from.ts";

const IPAM = { Config: [{ Subnet: "10.5.1.0/24" }] };
const plain: Network = {
  id: "1",
  name: "plain",
  driver: "bridge",
  created: "",
  internal: false,
  attachable: false,
  labels: {},
  options: {},
  ipam: undefined,
};
const source: Network = {
  ...plain,
  name: "conf",
  driver: "null",
  labels: { a: "b" },
  options: { parent: "eth0" },
  configuration: { EnableIPv6: true, IPAM },
};
const registry = { named: (name: string) => [plain, source].find((network) => network.name === name) };
const from = (more: NetworkCreateBody = {}) => withConfiguration({ Name: "n", ConfigFrom: { Network: "conf" }, ...more }, registry);

describe("withConfiguration", () => {
  it("puts what the configuration says in its place", () => {
    expect(from({ Driver: "macvlan", Internal: true })).toMatchObject({
      Name: "n",
      Driver: "macvlan",
      Internal: true,
      EnableIPv6: true,
      IPAM,
      Labels: { a: "b" },
      Options: { parent: "eth0" },
    });
  });

  it("leaves a request without one alone", () => {
    const body = { Name: "n", ConfigFrom: { Network: "" } };
    expect(withConfiguration(body, registry)).toBe(body);
  });

  it.each<[NetworkCreateBody, string, string]>([
    [{ ConfigFrom: { Network: "nosuch" } }, "not-found", 'configuration network "nosuch" does not exist'],
    [{ ConfigFrom: { Network: "plain" } }, "not-found", 'configuration network "plain" does not exist'],
    [{ ConfigOnly: true }, "forbidden", "a configuration network cannot depend on another configuration network"],
    [{ Options: { a: "b" } }, "forbidden", "network driver options are not supported if the network depends on a configuration network"],
    [
      { Labels: { a: "b" } },
      "forbidden",
      "user specified configurations are not supported if the network depends on a configuration network",
    ],
    [{ IPAM }, "forbidden", "user specified configurations are not supported if the network depends on a configuration network"],
    [
      { EnableIPv6: true },
      "forbidden",
      "user specified configurations are not supported if the network depends on a configuration network",
    ],
  ])("refuses %j", (body, category, message) => {
    expect(() => from(body)).toThrow(expect.objectContaining({ category, message }));
  });
});
