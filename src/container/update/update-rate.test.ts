import { expect, test } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import { Harness } from "../testing/harness.ts";

const label = "dhow.network.rate.in";

test("a rate is kept in the labels, and told to the network of a running container alone", async () => {
  await using harness = new Harness();
  const id = await harness.run("web", { hostConfig: { NetworkMode: "bridge" } });
  await harness.service.update(id, {}, { RateIn: "8mbit" });
  expect(harness.service.find(id).config.Labels).toMatchObject({ [label]: "8mbit" });
  expect(harness.networks.rates.get(id)).toEqual({ in: { rate: 1_000_000, burst: 65_536 }, out: undefined });
  await harness.service.update(id, {}, { RateIn: "" });
  expect(harness.networks.rates.get(id)).toBeUndefined();
  expect(harness.service.find(id).config.Labels).not.toHaveProperty(label);
  const resting = await harness.create("rest", { hostConfig: { NetworkMode: "bridge" } });
  await harness.service.update(resting, {}, { RateIn: "8mbit" });
  expect(harness.networks.rates.has(resting)).toBe(false);
});

test("a rate that is none changes nothing, nor does one that the network refuses", async () => {
  await using harness = new Harness();
  const id = await harness.run("web", { hostConfig: { NetworkMode: "bridge", CpuShares: 5 } });
  await expect(harness.service.update(id, { CpuShares: 7 }, { RateIn: "fast" })).rejects.toThrow("is no rate");
  expect(harness.runtime.updates).toEqual([]);
  harness.networks.limit = () => Promise.reject(new EngineError("system", "no such device"));
  await expect(harness.service.update(id, { CpuShares: 7 }, { RateIn: "8mbit" })).rejects.toThrow(
    `Cannot update container ${id}: no such device`,
  );
  expect(harness.runtime.updates).toEqual([{ cpu: { shares: 7 } }, { cpu: { shares: 5 } }]);
  expect(harness.service.find(id)).toMatchObject({ hostConfig: { CpuShares: 5 } });
  expect(harness.service.find(id).config.Labels ?? {}).not.toHaveProperty(label);
});
