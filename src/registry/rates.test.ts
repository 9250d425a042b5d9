import { expect, it } from "vitest";
import { RequestRates } from "./rates.ts";
import { ServedRegistry } from "./testing.ts";

it("gives ten seconds' worth at once, and then as it comes", () => {
  let now = 0;
  const rates = new RequestRates(2, () => now);
  const taken = (account: string): number => {
    let count = 0;
    try {
      for (; count < 100; count++) rates.take(account);
    } catch (error) {
      expect(error).toMatchObject({ code: "TOOMANYREQUESTS", headers: { "Retry-After": "1" } });
    }
    return count;
  };
  expect([taken("a"), taken("a"), taken("b")]).toEqual([20, 0, 20]);
  now += 3000;
  expect([taken("a"), taken("a")]).toEqual([6, 0]);
  now += 3_600_000;
  expect(taken("a")).toBe(20);
});

it("is what the registry answers by", async () => {
  await using registry = await ServedRegistry.start({ requestsPerSecond: 1 });
  const statuses: number[] = [];
  for (let at = 0; at < 40; at++) statuses.push((await registry.fetch("/v2/")).status);
  expect([statuses[0], statuses.includes(429)]).toEqual([200, true]);
  const refused = await registry.fetch("/v2/");
  if (refused.status === 429) expect(await refused.json()).toMatchObject({ errors: [{ code: "TOOMANYREQUESTS" }] });
  expect(registry.open.registry.scrape()).toContain('operation="refused"');
});
