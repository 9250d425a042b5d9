import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Address, contains, formatAddress, formatSubnet, lastOf, overlaps, parseAddress, parseCidr, sizeOf, subnetAt } from "./ip.ts";

const ipv4 = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value): Address => ({ family: 4, value }));
const ipv6 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((value): Address => ({ family: 6, value }));
const address = fc.oneof(ipv4, ipv6);
const subnet = fc.oneof(
  fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map(([base, prefixLength]) => subnetAt(base, prefixLength)),
  fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })).map(([base, prefixLength]) => subnetAt(base, prefixLength)),
);
const read = (text: string): Address => {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
};

describe("addresses", () => {
  it("come back as they went in", () => {
    fc.assert(
      fc.property(address, (one) => {
        expect(parseAddress(formatAddress(one))).toEqual(one);
      }),
    );
    expect(parseAddress("255.255.255.255")).toEqual({ family: 4, value: 4_294_967_295n });
  });

  it.each([
    ["::", "::"],
    ["::1", "::1"],
    ["FD00:0:0:0:1:0:0:2", "fd00::1:0:0:2"],
    ["fd00:0:1:0:1:0:1:0", "fd00:0:1:0:1:0:1:0"],
    ["fd00:0:0:1::", "fd00:0:0:1::"],
    ["::ffff:10.0.0.1", "::ffff:a00:1"],
    ["2001:db8::", "2001:db8::"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["1::7:8", "1::7:8"],
  ])("have one way of writing them: %s is %s", (text, canonical) => {
    expect(formatAddress(read(text))).toBe(canonical);
  });

  it.each(["", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "fe80::1%eth0", "::1::", ":", "1.2.3.4/8", " 1.2.3.4", "0x1.2.3.4", "g::"])(
    "do not read %j",
    (text) => {
      expect(parseAddress(text)).toBeUndefined();
    },
  );

  it.each(["10.0.0.0/33", "10.0.0.0", "10.0.0.0/", "10.0.0.0/-1", "/8", "10.0.0.0/8/8", "10.0.0.0/1e1", "fd00::/129"])(
    "are no subnet: %j",
    (text) => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );
});

describe("subnets", () => {
  it("start where the mask says", () => {
    expect(formatSubnet(subnetAt(read("172.17.5.9"), 16))).toBe("172.17.0.0/16");
    expect(formatSubnet(subnetAt(read("200.1.2.3"), 0))).toBe("0.0.0.0/0");
    expect(formatSubnet(subnetAt(read("200.1.2.3"), 32))).toBe("200.1.2.3/32");
    expect(formatSubnet(subnetAt(read("fd00:1:2:3::9"), 64))).toBe("fd00:1:2:3::/64");
  });

  it("contain exactly the addresses of their size", () => {
    fc.assert(
      fc.property(subnet, address, (one, other) => {
        expect(sizeOf(one)).toBe(lastOf(one) - one.base + 1n);
        const inside = other.family === one.family && subnetAt(other, one.prefixLength).base === one.base;
        expect(contains(one, other)).toBe(inside);
      }),
    );
  });

  it("overlap when one holds the other's first address", () => {
    fc.assert(
      fc.property(subnet, subnet, (one, other) => {
        const first = ({ family, base }: typeof one): Address => ({ family, value: base });
        expect(overlaps(one, other)).toBe(contains(one, first(other)) || contains(other, first(one)));
        expect(overlaps(one, other)).toBe(overlaps(other, one));
      }),
    );
  });
});
