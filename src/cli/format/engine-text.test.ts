import { describe, expect, it } from "vitest";
import type { SystemInfo, SystemVersion } from "#spec/docker-api/types.ts";
import type { ClientVersion } from "./client-version.ts";
import { clientInfoText, serverInfoText } from "./info-text.ts";
import { formatValue } from "./value.ts";
import { versionText } from "./version-text.ts";

const client: ClientVersion = {
  Platform: { Name: "Dhow 1.2.3" },
  Version: "1.2.3",
  ApiVersion: "1.51",
  DefaultAPIVersion: "1.55",
  GitCommit: "v1.2.3",
  GoVersion: "node26.10.0",
  Os: "linux",
  Arch: "amd64",
  BuildTime: "",
  Context: "work",
};

const server: SystemVersion = {
  Platform: { Name: "Dhow 1.2.3" },
  Version: "28.5.2+dhow.1.2.3",
  ApiVersion: "1.55",
  MinAPIVersion: "1.24",
  GitCommit: "v1.2.3",
  GoVersion: "node26.10.0",
  Os: "linux",
  Arch: "amd64",
  Components: [
    { Name: "Engine", Version: "28.5.2+dhow.1.2.3" },
    { Name: "crun", Version: "1.8.1" },
  ],
};

const info: SystemInfo = {
  ID: "id",
  Containers: 3,
  ContainersRunning: 1,
  ContainersPaused: 0,
  ContainersStopped: 2,
  Images: 5,
  Driver: "overlay2",
  DriverStatus: [["Backing Filesystem", "extfs"]],
  Plugins: { Volume: ["local"], Network: ["bridge", "host"], Log: [] },
  Swarm: { LocalNodeState: "inactive" },
  Runtimes: { runc: {}, crun: {} },
  SecurityOptions: ["name=seccomp,profile=builtin", "name=cgroupns"],
  NCPU: 2,
  MemTotal: 2_087_378_944,
  HttpProxy: "",
  HttpsProxy: "http://proxy:3128",
  Labels: ["room=1"],
  Name: "evil\u001b[2J",
};

describe("what people are told of the engine", () => {
  it("by version", async () => {
    await expect(versionText({ Client: client, Server: server })).toMatchFileSnapshot("golden/version.golden");
  });

  it("by version, where there is none to ask", () => {
    expect(versionText({ Client: client })).toMatch(/^Client: Dhow 1\.2\.3\n/);
    expect(versionText({ Client: client })).not.toContain("Server");
  });

  it("by info", async () => {
    await expect(`${clientInfoText(client)}\n${serverInfoText(info)}`).toMatchFileSnapshot("golden/info.golden");
  });

  it.each([
    ["json", JSON.stringify({ Client: client, Server: server })],
    ["{{.Server.APIVersion}} {{.Client.APIVersion}} {{.Server.Platform.Name}}", "1.55 1.51 Dhow 1.2.3"],
    ["{{range .Server.Components}}{{.Name}} {{end}}", "Engine crun "],
  ])("by --format %s", (format, expected) => {
    expect(formatValue(format, { Client: client, Server: server })).toBe(`${expected}\n`);
  });
});
