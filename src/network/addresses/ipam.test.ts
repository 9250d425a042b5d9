import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressPool } from "./ipam.ts";
import { type Address, formatAddress, parseAddress, parseSubnet, type Subnet } from "./ip.ts";

function subnetOf(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (subnet === undefined) throw new Error(text);
  return subnet;
}

const addressOf = (text: string): Address => parseAddress(text) ?? { family: 4, value: 0n };

function take(pool: AddressPool, count: number): (string | undefined)[] {
  return Array.from({ length: count }, () => {
    const address = pool.allocate();
    return address === undefined ? undefined : formatAddress(address);
  });
}

describe("AddressPool", () => {
  it("gives addresses in turn, around what is taken", () => {
    const pool = new AddressPool({ subnet: subnetOf("10.1.0.0/29") });
    pool.claim(addressOf("10.1.0.1"));
    expect(take(pool, 2)).toEqual(["10.1.0.2", "10.1.0.3"]);
    pool.claim(addressOf("10.1.0.4"));
    expect(take(pool, 3)).toEqual(["10.1.0.5", "10.1.0.6", undefined]);
    expect(pool.taken).toBe(6);
  });

  it("lets an address that was given back rest until the others were used", () => {
    const pool = new AddressPool({ subnet: subnetOf("10.1.0.0/29") });
    take(pool, 3);
    pool.release(addressOf("10.1.0.1"));
    expect(take(pool, 4)).toEqual(["10.1.0.4", "10.1.0.5", "10.1.0.6", "10.1.0.1"]);
  });

  it("never gives the subnet's own and the broadcast address, except where there are none", () => {
    expect(take(new AddressPool({ subnet: subnetOf("10.1.0.0/30") }), 3)).toEqual(["10.1.0.1", "10.1.0.2", undefined]);
    expect(take(new AddressPool({ subnet: subnetOf("10.1.0.4/31") }), 3)).toEqual(["10.1.0.4", "10.1.0.5", undefined]);
    expect(new AddressPool({ subnet: subnetOf("10.1.0.0/30") }).claim(addressOf("10.1.0.3"))).toBe(false);
  });

  it("gives IPv6 addresses in turn, without the routers' own, to the last", () => {
    expect(take(new AddressPool({ subnet: subnetOf("fd00:1::/64") }), 2)).toEqual(["fd00:1::1", "fd00:1::2"]);
    expect(take(new AddressPool({ subnet: subnetOf("fd00:1::/126") }), 4)).toEqual(["fd00:1::1", "fd00:1::2", "fd00:1::3", undefined]);
    expect(new AddressPool({ subnet: subnetOf("fd00:1::/64") }).claim(addressOf("fd00:2::1"))).toBe(false);
    expect(new AddressPool({ subnet: subnetOf("fd00:1::/64") }).claim(addressOf("10.0.0.1"))).toBe(false);
  });

  it("keeps to the range, and lets the rest of the subnet be claimed", () => {
    const pool = new AddressPool({ subnet: subnetOf("10.1.0.0/24"), range: subnetOf("10.1.0.252/30") });
    expect(take(pool, 4)).toEqual(["10.1.0.252", "10.1.0.253", "10.1.0.254", undefined]);
    expect(pool.claim(addressOf("10.1.0.9"))).toBe(true);
    expect(pool.claim(addressOf("10.1.0.9"))).toBe(false);
    expect(pool.claim(addressOf("10.2.0.9"))).toBe(false);
  });

  it("never gives one address to two, and loses none, whatever comes and goes", () => {
    const steps = fc.array(
      fc.oneof(
        fc.constant("allocate"),
        fc.nat(15).map((index) => index),
      ),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (sequence) => {
        const pool = new AddressPool({ subnet: subnetOf("10.1.0.0/28") });
        const held = new Set<bigint>();
        for (const step of sequence) {
          if (step === "allocate") {
            const address = pool.allocate();
            expect(address === undefined).toBe(held.size === 14);
            if (address === undefined) continue;
            expect(held.has(address.value)).toBe(false);
            held.add(address.value);
          } else {
            const value = addressOf("10.1.0.0").value + BigInt(step);
            if (held.delete(value)) pool.release({ family: 4, value });
          }
          expect(pool.taken).toBe(held.size);
          expect(pool.usage()).toEqual({ inUse: BigInt(held.size) + 2n, available: 14n - BigInt(held.size) });
        }
      }),
    );
  });
});
