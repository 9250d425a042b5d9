import { expect, it } from "vitest";
import type { Digest } from "#spec/digest.ts";
import { Leases } from "./leases.ts";

const one: Digest = `sha256:${"1".repeat(64)}`;
const unneeded = (): boolean => false;

it("does not remove what is held, and does when nobody holds it", async () => {
  const leases = new Leases();
  const [first, second] = [leases.open(), leases.open()];
  await first.hold(one);
  await second.hold(one);
  await second.hold(one);
  let removed = 0;
  const remove = (): Promise<boolean> => leases.removeUnlessHeld(one, unneeded, async () => void removed++);
  expect(await remove()).toBe(false);
  first.close();
  expect(await remove()).toBe(false);
  expect(second.close()).toEqual([one]);
  expect(await remove()).toBe(true);
  expect(removed).toBe(1);
});

it("lets a holder wait until a removal is over", async () => {
  const leases = new Leases();
  const removal = Promise.withResolvers<void>();
  const order: string[] = [];
  const removing = leases.removeUnlessHeld(one, unneeded, () => removal.promise).then(() => order.push("removed"));
  await Promise.resolve();
  const holding = leases
    .open()
    .hold(one)
    .then(() => order.push("held"));
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual([]);
  removal.resolve();
  await Promise.all([removing, holding]);
  expect(order).toEqual(["removed", "held"]);
});

it("asks at the last instant whether it is needed after all", async () => {
  expect(
    await new Leases().removeUnlessHeld(
      one,
      () => true,
      () => expect.fail("removed"),
    ),
  ).toBe(false);
});

it("postpones every removal while somebody holds everything", async () => {
  const leases = new Leases();
  const [first, second] = [leases.open(), leases.open()];
  await first.holdAll();
  await second.holdAll();
  expect(await leases.removeUnlessHeld(one, unneeded, () => expect.fail("removed"))).toBe(false);
  expect(first.close()).toEqual([]);
  expect(second.close()).toEqual([one]);
  expect(await leases.removeUnlessHeld(one, unneeded, async () => undefined)).toBe(true);
});

it("a removal that fails is over all the same", async () => {
  const leases = new Leases();
  await expect(leases.removeUnlessHeld(one, unneeded, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await leases.open().hold(one);
  expect(await leases.removeUnlessHeld(one, unneeded, async () => undefined)).toBe(false);
});
