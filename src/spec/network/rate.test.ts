import { describe, expect, test } from "vitest";
import { networkRateOf, withRate } from "./rate.ts";

const rate = "dhow.network.rate.in";
const burst = "dhow.network.burst.in";

describe("labels", () => {
  test.each<[Record<string, string>, object | undefined]>([
    [{}, undefined],
    [{ "com.example": "x" }, undefined],
    [{ [rate]: "10mbit" }, { in: { rate: 1_250_000, burst: 65_536 } }],
    [{ [rate]: "2.5Mbit", [burst]: "32k" }, { in: { rate: 312_500, burst: 32_768 } }],
    [{ [rate]: "8000bit" }, { in: { rate: 1000, burst: 10_000 } }],
    [
      { [rate]: "100gbit", "dhow.network.rate.out": "8kbit", "dhow.network.burst.out": "2048" },
      { in: { rate: 12.5e9, burst: 125e6 }, out: { rate: 1000, burst: 2048 } },
    ],
  ])("%j", (labels, expected) => {
    expect(networkRateOf(labels)).toEqual(expected);
  });

  test.each<[Record<string, string>, string]>([
    [{ [rate]: "" }, 'label dhow.network.rate.in: "" is no rate: want a number with bit, kbit, mbit or gbit, such as 10mbit'],
    [{ [rate]: "10" }, "is no rate"],
    [{ [rate]: "10mbps" }, "is no rate"],
    [{ [rate]: "-1mbit" }, "is no rate"],
    [{ [rate]: "1e3mbit" }, "is no rate"],
    [{ [rate]: "10mbit; rm -rf /" }, "is no rate"],
    [{ [rate]: `${"9".repeat(400)}mbit` }, "is no rate"],
    [{ [rate]: "7kbit" }, "label dhow.network.rate.in: 7kbit is out of bounds: want 8kbit to 100gbit"],
    [{ [rate]: "101gbit" }, "is out of bounds"],
    [{ [rate]: "0mbit" }, "is out of bounds"],
    [{ [rate]: "1mbit", [burst]: "x" }, 'label dhow.network.burst.in: "x" is no size: want a number of bytes, such as 64k'],
    [{ [rate]: "1mbit", [burst]: "1k" }, "label dhow.network.burst.in: 1k is out of bounds: want 2k to 256m"],
    [{ [rate]: "8kbit", [burst]: "1m" }, "1m is more than a minute's worth of 8kbit"],
    [{ [burst]: "64k" }, "label dhow.network.burst.in needs dhow.network.rate.in beside it"],
    [{ "dhow.network.rate": "1mbit" }, 'unknown label "dhow.network.rate": want one of dhow.network.rate.in,'],
    [{ "dhow.network.rate.inn": "1mbit" }, "unknown label"],
  ])("%.60j is refused", (labels, message) => {
    expect(() => networkRateOf(labels)).toThrow(message);
  });
});

test("a change sets, replaces and takes away, and leaves the rest", () => {
  const labels = { a: "b", [rate]: "1mbit" };
  expect(withRate(labels, { RateIn: "2mbit", BurstIn: "64k" })).toEqual({ a: "b", [rate]: "2mbit", [burst]: "64k" });
  expect(withRate(labels, { RateIn: "" })).toEqual({ a: "b" });
  expect(withRate(labels, {})).toBe(labels);
});
