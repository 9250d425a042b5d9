import { expect, test } from "vitest";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { completeHostConfig } from "./host-config.ts";

const defaults = {
  runtime: "crun",
  logDefaults: { driver: "json-file", options: {} },
  shmSize: 64,
  cgroupNamespace: "private",
  ipcMode: "private",
  maskedPaths: ["/proc/kcore"],
  readonlyPaths: ["/proc/sys"],
} as const;

test.each<[string, HostConfig, HostConfig]>([
  [
    "nothing given",
    {},
    {
      NetworkMode: "bridge",
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
      LogConfig: { Type: "json-file", Config: {} },
      IpcMode: "private",
      CgroupnsMode: "private",
      ShmSize: 64,
      Runtime: "crun",
      MaskedPaths: ["/proc/kcore"],
      ReadonlyPaths: ["/proc/sys"],
    },
  ],
  ["the default network", { NetworkMode: "default" }, { NetworkMode: "bridge" }],
  ["a policy without a name", { RestartPolicy: {} }, { RestartPolicy: { Name: "no", MaximumRetryCount: 0 } }],
  [
    "a policy",
    { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 } },
    { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 } },
  ],
  ["memory alone", { Memory: 10 }, { Memory: 10, MemorySwap: 20 }],
  ["memory and swap", { Memory: 10, MemorySwap: -1 }, { Memory: 10, MemorySwap: -1 }],
  ["no limit of processes", { PidsLimit: 0 }, { PidsLimit: undefined }],
  ["no limit, said otherwise", { PidsLimit: -1 }, { PidsLimit: undefined }],
  ["a limit of processes", { PidsLimit: 7 }, { PidsLimit: 7 }],
  ["the kernel's swappiness", { MemorySwappiness: -1 }, { MemorySwappiness: undefined }],
  ["no swap", { MemorySwappiness: 0 }, { MemorySwappiness: 0 }],
  ["empty lists", { Binds: [], CapAdd: [], MaskedPaths: [] }, { Binds: [], CapAdd: [], MaskedPaths: [] }],
  ["the host's namespaces", { IpcMode: "host", CgroupnsMode: "host", ShmSize: 5 }, { IpcMode: "host", CgroupnsMode: "host", ShmSize: 5 }],
])("%s", (_name, given, expected) => {
  expect(completeHostConfig(given, defaults)).toMatchObject(expected);
});

test("a privileged container has no masks, unless it asks for some", () => {
  expect(completeHostConfig({ Privileged: true }, defaults)).toMatchObject({ MaskedPaths: undefined, ReadonlyPaths: undefined });
  expect(completeHostConfig({ Privileged: true, MaskedPaths: ["/x"] }, defaults).MaskedPaths).toEqual(["/x"]);
});
