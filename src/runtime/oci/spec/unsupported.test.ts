import { describe, expect, it } from "vitest";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { unsupportedFields } from "./unsupported.ts";

describe("fields that are refused by name", () => {
  it.each<[HostConfig, string]>([
    [{ Isolation: "hyperv" }, "invalid isolation 'hyperv' on linux"],
    [{ CpuCount: 1 }, "HostConfig.CpuCount is not supported"],
    [{ CpuPercent: 1 }, "HostConfig.CpuPercent is not supported"],
    [{ IOMaximumBandwidth: 1 }, "Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps"],
    [{ SecurityOpt: ["credentialspec=file://x"] }, "HostConfig.SecurityOpt: credentialspec is not supported"],
    [{ DeviceRequests: [{ Count: -1, Capabilities: [["gpu"]] }] }, 'could not select device driver "" with capabilities: [[gpu]]'],
    [{ CpuRealtimeRuntime: 1 }, "HostConfig.CpuRealtimeRuntime is not supported"],
    [{ Links: ["a:b"] }, "HostConfig.Links is not supported"],
    [{ StorageOpt: { size: "1G" } }, "HostConfig.StorageOpt is not supported"],
    [{ VolumeDriver: "nfs" }, "HostConfig.VolumeDriver is not supported"],
  ])("%j", (hostConfig, message) => {
    expect(() => unsupportedFields(hostConfig)).toThrow(message);
  });

  it("lets through what asks for nothing", () => {
    const hostConfig: HostConfig = {
      Isolation: "default",
      CpuCount: 0,
      Links: [],
      StorageOpt: {},
      DeviceRequests: [],
      UsernsMode: "host",
      VolumeDriver: "local",
    };
    expect(() => unsupportedFields(hostConfig)).not.toThrow();
    expect(() => unsupportedFields({})).not.toThrow();
  });
});
