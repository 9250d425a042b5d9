import { expect, test } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import { Harness } from "../testing/harness.ts";

const label = "dhow.network.rate.in";

test("a rate is kept in the labels, and told to the network of a running container alone", async () => {
  await using harness = new Harness();
  const id = await harness.run("web", { hostConfig: { NetworkMode: "bridge" } });
  await harness.service.update(id, {}, { rate: { RateIn: "8mbit" } });
  expect(harness.service.find(id).config.Labels).toMatchObject({ [label]: "8mbit" });
  expect(harness.networks.rates.get(id)).toEqual({ in: { rate: 1_000_000, burst: 65_536 }, out: undefined });
  await harness.service.update(id, {}, { rate: { RateIn: "" } });
  expect(harness.networks.rates.get(id)).toBeUndefined();
  expect(harness.service.find(id).config.Labels).not.toHaveProperty(label);
  const resting = await harness.create("rest", { hostConfig: { NetworkMode: "bridge" } });
  await harness.service.update(resting, {}, { rate: { RateIn: "8mbit" } });
  expect(harness.networks.rates.has(resting)).toBe(false);
});

test("a rate that is none changes nothing, nor does one that the network refuses", async () => {
  await using harness = new Harness();
  const id = await harness.run("web", { hostConfig: { NetworkMode: "bridge", CpuShares: 5 } });
  await expect(harness.service.update(id, { CpuShares: 7 }, { rate: { RateIn: "fast" } })).rejects.toThrow("is no rate");
  expect(harness.runtime.updates).toEqual([]);
  harness.networks.limit = () => Promise.reject(new EngineError("system", "no such device"));
  await expect(harness.service.update(id, { CpuShares: 7 }, { rate: { RateIn: "8mbit" } })).rejects.toThrow(
    `Cannot update container ${id}: no such device`,
  );
  expect(harness.runtime.updates).toEqual([{ cpu: { shares: 7 } }, { cpu: { shares: 5 } }]);
  expect(harness.service.find(id)).toMatchObject({ hostConfig: { CpuShares: 5 } });
  expect(harness.service.find(id).config.Labels ?? {}).not.toHaveProperty(label);
});

test("ports are published at once of a running container, and at the next start of one at rest; the record follows", async () => {
  await using harness = new Harness();
  const id = await harness.run("web", { hostConfig: { NetworkMode: "bridge", PortBindings: { "80/tcp": [{ HostPort: "8080" }] } } });
  const ports = { Add: { "443/tcp": [{ HostPort: "8443" }] }, Remove: { "80/tcp": [{}] } };
  await harness.service.update(id, {}, { ports });
  expect(harness.networks.republished).toEqual([[id, ports]]);
  const { config, hostConfig } = harness.service.find(id);
  expect(hostConfig.PortBindings).toEqual({ "443/tcp": [{ HostPort: "8443" }] });
  expect(config.ExposedPorts).toMatchObject({ "443/tcp": {} });
  harness.networks.republish = () => Promise.reject(new EngineError("exhausted", "port is already allocated"));
  const failed = harness.service.update(id, { CpuShares: 7 }, { ports: { Add: { "81/tcp": [{}] } } });
  await expect(failed).rejects.toThrow("port is already allocated");
  expect(harness.runtime.updates).toEqual([]);
  expect(harness.service.find(id).hostConfig.PortBindings).not.toHaveProperty("81/tcp");
});
