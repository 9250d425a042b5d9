import { describe, expect, it } from "vitest";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { unsupportedFields } from "./unsupported.ts";

describe("fields that are refused by name", () => {
  it.each<[HostConfig, string]>([
    [{ Isolation: "hyperv" }, "invalid isolation (hyperv): linux only supports 'default'"],
    [{ CpuCount: 1 }, "HostConfig.CpuCount is not supported"],
    [{ IOMaximumBandwidth: 1 }, "invalid option: QoS maximum bandwidth configuration is not supported on linux"],
    [{ SecurityOpt: ["credentialspec=file://x"] }, "HostConfig.SecurityOpt: credentialspec is not supported"],
  ])("%j", (hostConfig, message) => {
    expect(() => unsupportedFields(hostConfig)).toThrow(message);
  });

  it("lets through what asks for nothing", () => {
    const hostConfig: HostConfig = {
      Isolation: "default",
      CpuCount: 0,
      Links: [],
      StorageOpt: { size: "1G" },
      DeviceRequests: [],
      UsernsMode: "host",
      VolumeDriver: "local",
    };
    expect(() => unsupportedFields(hostConfig)).not.toThrow();
    expect(() => unsupportedFields({})).not.toThrow();
  });
});
