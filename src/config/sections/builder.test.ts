import { expect, it } from "vitest";
import { buildBuilder } from "./builder.ts";

const GIB = 1024 ** 3;

it("keeps a tenth of the disk for the cache, and a tenth of it free, unless something else is said", () => {
  expect(buildBuilder(undefined)).toEqual({
    gc: {
      rules: [
        {
          all: false,
          reserved: { bytes: GIB },
          mostUsed: { percent: 10 },
          leastFree: { percent: 10 },
          unusedFor: undefined,
          filters: new Map(),
        },
      ],
    },
    entitlements: { networkHost: true, securityInsecure: false },
  });
  expect(buildBuilder({ gc: { enabled: false, policy: [{ all: true }] } }).gc.rules).toEqual([]);
});

it.each([
  [{ defaultKeepStorage: "20GB" }, { reserved: { bytes: 20 * GIB }, mostUsed: { bytes: 20 * GIB } }],
  [
    { defaultReservedSpace: "1g", defaultMaxUsedSpace: "40%" },
    { reserved: { bytes: GIB }, mostUsed: { percent: 40 } },
  ],
  [{ defaultMinFreeSpace: 4096 }, { leastFree: { bytes: 4096 }, mostUsed: { percent: 10 } }],
])("reads the defaults %o", (gc, expected) => {
  expect(buildBuilder({ gc }).gc.rules).toEqual([expect.objectContaining(expected)]);
});

it("reads a policy, rule by rule", () => {
  const policy = [
    { keepStorage: "10GB", filter: ["unused-for=2200h", "type==exec.cachemount"] },
    { maxUsedSpace: "5%", all: true, filter: { "unused-for": { "1h": true } } },
  ];
  expect(buildBuilder({ gc: { enabled: true, policy } }).gc.rules).toEqual([
    {
      all: false,
      reserved: { bytes: 10 * GIB },
      mostUsed: undefined,
      leastFree: undefined,
      unusedFor: 2200 * 3_600_000,
      filters: new Map([["type", ["exec.cachemount"]]]),
    },
    { all: true, reserved: undefined, mostUsed: { percent: 5 }, leastFree: undefined, unusedFor: 3_600_000, filters: new Map() },
  ]);
});

it.each([
  [{ gcc: {} }, 'builder: unknown key "gcc"'],
  [{ gc: [] }, "builder.gc: want an object"],
  [{ gc: { enabled: "yes" } }, "builder.gc.enabled: want true or false"],
  [{ gc: { defaultKeepStorage: "much" } }, 'builder.gc.defaultKeepStorage: "much" is no size'],
  [{ gc: { defaultKeepStorage: "101%" } }, "is no size"],
  [{ gc: { policy: {} } }, "builder.gc.policy: want a list"],
  [{ gc: { policy: [{ keep: 1 }] } }, 'builder.gc.policy[0]: unknown key "keep"'],
  [{ gc: { policy: [{ filter: ["age=1h"] }] } }, 'builder.gc.policy[0].filter: unknown filter "age=1h"'],
  [{ gc: { policy: [{ filter: ["unused-for=soon"] }] } }, '"soon" is no duration'],
  [{ entitlements: { device: true } }, "builder.entitlements.device is not implemented"],
])("refuses %o", (builder, message) => {
  expect(() => buildBuilder(builder)).toThrow(message);
});
