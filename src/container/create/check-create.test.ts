import { expect, test } from "vitest";
import type { ContainerConfig, HostConfig } from "#spec/docker-api/types.ts";
import { checkCreate } from "./check-create.ts";

const joined: HostConfig = { NetworkMode: "container:web" };

test.each<[ContainerConfig, HostConfig]>([
  [{}, {}],
  [{ Healthcheck: { Interval: 0, Timeout: 1_000_000, Retries: 3 } }, {}],
  [{}, { RestartPolicy: { Name: "always" } }],
  [{}, { AutoRemove: true, RestartPolicy: { Name: "no" } }],
  [{}, joined],
  [{ Hostname: "x" }, { UTSMode: "" }],
])("%j with %j is fine", (config, hostConfig) => {
  expect(() => checkCreate(config, hostConfig)).not.toThrow();
});

test.each<[ContainerConfig, HostConfig, string]>([
  [{ Healthcheck: { Timeout: 999_999 } }, {}, "Timeout in Healthcheck cannot be less than 1ms"],
  [{ Healthcheck: { StartPeriod: -5 } }, {}, "StartPeriod in Healthcheck cannot be less than 1ms"],
  [{ Healthcheck: { Retries: -1 } }, {}, "Retries in Healthcheck cannot be negative"],
  [{}, { AutoRemove: true, RestartPolicy: { Name: "unless-stopped" } }, "can't create 'AutoRemove' container with restart policy"],
  [{ Hostname: "x" }, joined, "conflicting options: hostname and the network mode"],
  [{}, { ...joined, Links: ["a:b"] }, "conflicting options: container type network can't be used with links"],
  [{}, { ...joined, Dns: ["10.0.0.1"] }, "conflicting options: dns and the network mode"],
  [{}, { ...joined, ExtraHosts: ["a:b"] }, "conflicting options: custom host-to-IP mapping and the network mode"],
  [{}, { ...joined, PortBindings: { "80/tcp": [] } }, "conflicting options: port publishing and the container type network mode"],
  [{ ExposedPorts: { "80/tcp": {} } }, joined, "conflicting options: port exposing and the container type network mode"],
])("%j with %j is refused", (config, hostConfig, message) => {
  expect(() => checkCreate(config, hostConfig)).toThrow(message);
});
