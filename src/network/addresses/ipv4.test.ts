import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contains, formatAddress, formatSubnet, lastOf, overlaps, parseAddress, parseCidr, sizeOf, subnetAt } from "./ipv4.ts";

const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const subnet = fc.tuple(address, fc.integer({ min: 0, max: 32 })).map(([base, prefixLength]) => subnetAt(base, prefixLength));

describe("addresses", () => {
  it("come back as they went in", () => {
    fc.assert(fc.property(address, (value) => parseAddress(formatAddress(value)) === value));
    expect(parseAddress("255.255.255.255")).toBe(4_294_967_295);
  });

  it.each(["", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "::1", "1.2.3.4/8", " 1.2.3.4", "0x1.2.3.4"])("do not read %j", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it.each(["10.0.0.0/33", "10.0.0.0", "10.0.0.0/", "10.0.0.0/-1", "/8", "10.0.0.0/8/8", "10.0.0.0/1e1"])("are no subnet: %j", (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});

describe("subnets", () => {
  it("start where the mask says", () => {
    expect(formatSubnet(subnetAt(parseAddress("172.17.5.9") ?? 0, 16))).toBe("172.17.0.0/16");
    expect(formatSubnet(subnetAt(parseAddress("200.1.2.3") ?? 0, 0))).toBe("0.0.0.0/0");
    expect(formatSubnet(subnetAt(parseAddress("200.1.2.3") ?? 0, 32))).toBe("200.1.2.3/32");
  });

  it("contain exactly the addresses of their size", () => {
    fc.assert(
      fc.property(subnet, address, (one, value) => {
        expect(sizeOf(one)).toBe(lastOf(one) - one.base + 1);
        expect(contains(one, value)).toBe(subnetAt(value, one.prefixLength).base === one.base);
      }),
    );
  });

  it("overlap when one holds the other's first address", () => {
    fc.assert(
      fc.property(subnet, subnet, (one, other) => {
        expect(overlaps(one, other)).toBe(contains(one, other.base) || contains(other, one.base));
        expect(overlaps(one, other)).toBe(overlaps(other, one));
      }),
    );
  });
});
