import { expect, it } from "vitest";
import { isRefusedAddress } from "./address-policy.ts";

it.each([
  "127.0.0.1",
  "127.8.8.8",
  "0.0.0.0",
  "169.254.169.254",
  "224.0.0.1",
  "::1",
  "[::1]",
  "::",
  "fe80::1",
  "fe80::1%eth0",
  "::ffff:127.0.0.1",
  "::ffff:169.254.169.254",
  "64:ff9b::a9fe:a9fe",
])("refuses %s (P24)", (address) => {
  expect(isRefusedAddress(address)).toBe(true);
});

it.each(["10.0.0.1", "192.168.1.1", "8.8.8.8", "2001:db8::1", "fd00::1", "example.com"])("lets %s pass", (address) => {
  expect(isRefusedAddress(address)).toBe(false);
});
