import { expect, test } from "vitest";
import { parseInterfaceCounters, readInterfaceCounters } from "./interface-counters.ts";

const DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     840      10    0    0    0     0          0         0      840      10    0    0    0     0       0          0
  eth0:18446744073709551615 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0
eth0:1:     1 1 1 1 0 0 0 0 1 1 1 1 0 0 0 0
`;

test("reads both directions, each number whole", () => {
  const counters = parseInterfaceCounters(DEV);
  expect([...counters.keys()]).toEqual(["lo", "eth0", "eth0:1"]);
  expect(counters.get("eth0")).toEqual({
    rxBytes: 2n ** 64n - 1n,
    rxPackets: 2n,
    rxErrors: 3n,
    rxDropped: 4n,
    txBytes: 5n,
    txPackets: 6n,
    txErrors: 7n,
    txDropped: 8n,
  });
});

test("of a process; none of one that is gone", () => {
  expect(readInterfaceCounters(process.pid).has("lo")).toBe(true);
  expect(readInterfaceCounters(2 ** 22 + 1).size).toBe(0);
});
