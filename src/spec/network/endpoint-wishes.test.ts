import { expect, test } from "vitest";
import type { EndpointSettings } from "../docker-api/types.ts";
import { endpointWishes } from "./endpoint-wishes.ts";

const OPERATIONAL: EndpointSettings = {
  NetworkID: "n".repeat(64),
  EndpointID: "e".repeat(64),
  Gateway: "10.0.0.1",
  IPAddress: "10.0.0.9",
  IPPrefixLen: 24,
  GlobalIPv6Address: "",
  DNSNames: ["web"],
};

test.each<[EndpointSettings, EndpointSettings]>([
  [OPERATIONAL, {}],
  [{ ...OPERATIONAL, MacAddress: "02:42:0a:00:00:09" }, {}],
  [{ ...OPERATIONAL, MacAddress: "02:00:00:00:00:09" }, { MacAddress: "02:00:00:00:00:09" }],
  [{ MacAddress: "02:42:0a:00:00:09" }, { MacAddress: "02:42:0a:00:00:09" }],
  [
    { ...OPERATIONAL, IPAMConfig: { IPv4Address: "10.0.0.9" }, Aliases: ["db"], Links: ["x"], GwPriority: 2, DriverOpts: { a: "b" } },
    { IPAMConfig: { IPv4Address: "10.0.0.9" }, Aliases: ["db"], Links: ["x"], GwPriority: 2, DriverOpts: { a: "b" } },
  ],
])("of %j the user said %j", (settings, wishes) => {
  expect(endpointWishes(settings)).toEqual(wishes);
});
