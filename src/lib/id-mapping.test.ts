import { expect, it } from "vitest";
import { formatIdMap, hostId, namespaceId, rootOf } from "./id-mapping.ts";

const uids = [
  { containerID: 0, hostID: 100_000, size: 1000 },
  { containerID: 1000, hostID: 500_000, size: 10 },
];

it("finds ids in both directions, and none outside of the ranges", () => {
  expect([0, 999, 1000, 1009, 1010].map((id) => hostId(uids, id))).toEqual([100_000, 100_999, 500_000, 500_009, undefined]);
  expect([99_999, 100_000, 101_000, 500_009].map((id) => namespaceId(uids, id))).toEqual([undefined, 0, undefined, 1009]);
  expect(rootOf({ uids, gids: [{ containerID: 0, hostID: 7, size: 1 }] })).toEqual({ uid: 100_000, gid: 7 });
  expect(formatIdMap(uids)).toBe("0 100000 1000\n1000 500000 10\n");
});
