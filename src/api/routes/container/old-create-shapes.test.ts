import { expect, test } from "vitest";
import { liftMacAddress, listsOfStrings } from "./old-create-shapes.ts";

test.each([
  [{ Cmd: "ls -l" }, { Cmd: ["ls -l"] }],
  [{ entrypoint: "" }, { entrypoint: [""] }],
  [
    { Cmd: ["ls"], Image: "x" },
    { Cmd: ["ls"], Image: "x" },
  ],
  [{ Cmd: 5 }, { Cmd: 5 }],
  ["text", "text"],
  [null, null],
])("the lists of %j are %j", (body, expected) => {
  expect(listsOfStrings(body)).toEqual(expected);
});

const endpoints = (settings: object): object => ({ EndpointsConfig: settings });

test.each<[unknown, object | undefined]>([
  [{ MacAddress: "02:01" }, endpoints({ bridge: { MacAddress: "02:01" } })],
  [{ MacAddress: "02:01", HostConfig: { NetworkMode: "default" } }, endpoints({ bridge: { MacAddress: "02:01" } })],
  [{ MacAddress: "02:01", HostConfig: { NetworkMode: "app" } }, endpoints({ app: { MacAddress: "02:01" } })],
  [
    {
      MacAddress: "02:01",
      HostConfig: { NetworkMode: "app" },
      NetworkingConfig: endpoints({ app: { MacAddress: "02:01", Aliases: ["a"] } }),
    },
    endpoints({ app: { MacAddress: "02:01", Aliases: ["a"] } }),
  ],
  [
    { MacAddress: "02:01", HostConfig: { NetworkMode: "app" }, NetworkingConfig: endpoints({ app: { MacAddress: "" }, db: null }) },
    endpoints({ app: { MacAddress: "02:01" }, db: null }),
  ],
  [{ MacAddress: "" }, undefined],
  [{ MacAddress: 5 }, undefined],
  [{ MacAddress: "02:01", HostConfig: 5, NetworkingConfig: [] }, endpoints({ bridge: { MacAddress: "02:01" } })],
])("the address of %j", (body, networking) => {
  expect((liftMacAddress(body) as { NetworkingConfig?: object }).NetworkingConfig).toEqual(networking);
});

test("two addresses for one endpoint are refused", () => {
  const body = { MacAddress: "02:01", NetworkingConfig: endpoints({ bridge: { MacAddress: "02:02" } }) };
  expect(() => liftMacAddress(body)).toThrow("the container-wide MAC address must match the endpoint-specific MAC address");
});
