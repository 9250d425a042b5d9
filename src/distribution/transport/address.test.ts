import { expect, it } from "vitest";
import { isForbiddenTarget, isLoopbackHost, matchesRegistryEntry } from "./address.ts";

it.each([
  ["localhost", true],
  ["LOCALHOST", true],
  ["registry.localhost", true],
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["[::1]", true],
  ["[::ffff:127.0.0.1]", true],
  ["localhost.evil", false],
  ["127.0.0.1.evil", false],
  ["10.0.0.1", false],
  ["0.0.0.0", false],
])("%s is on this machine: %s", (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected);
});

it.each([
  ["169.254.169.254", true, true],
  ["[fe80::1]", true, true],
  ["[::ffff:169.254.169.254]", true, true],
  ["0.0.0.0", true, true],
  ["224.0.0.1", true, true],
  ["127.0.0.1", false, true],
  ["127.0.0.1", true, false],
  ["10.0.0.1", false, false],
  ["reg.example", false, false],
])("a registry (local: %3$s) may not lead to %s", (host, local, forbidden) => {
  expect(isForbiddenTarget(host, local)).toBe(forbidden);
});

it.each([
  ["reg.example:5000", "reg.example", "reg.example:5000", true],
  ["reg.example:5000", "reg.example", "REG.example:5000", true],
  ["reg.example:5000", "reg.example", "reg.example", false],
  ["reg.example.evil", "reg.example.evil", "reg.example", false],
  ["10.1.2.3:5000", "10.1.2.3", "10.0.0.0/8", true],
  ["11.1.2.3", "11.1.2.3", "10.0.0.0/8", false],
  ["[fd00::1]", "[fd00::1]", "fd00::/8", true],
  ["10.1.2.3", "10.1.2.3", "fd00::/8", false],
  ["10.1.2.3", "10.1.2.3", "10.0.0.0/99", false],
])("%s is named by %3$s: %4$s", (host, hostname, entry, expected) => {
  expect(matchesRegistryEntry(host, hostname, entry)).toBe(expected);
});
