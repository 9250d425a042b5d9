import { describe, expect, it } from "vitest";
import type { Cli } from "../cli.ts";
import { parseArguments } from "../arguments/parse.ts";
import { testStreams } from "../testing.ts";
import { run } from "../commands/container/run.ts";
import { fillRequest } from "./fill-request.ts";
import { parseNetwork } from "./network.ts";
import type { Apply } from "./run-flag.ts";
import { runFlags } from "./run-flags.ts";
import { settingsOf } from "./settings.ts";

/** What `run` would send for a command line. */
function sent(argv: string, terminal?: { columns: number; rows: number }): ReturnType<typeof fillRequest> {
  const cli = { streams: testStreams(terminal), config: {}, environment: {}, currentFolder: "/" } as unknown as Cli;
  const { values, words } = parseArguments(run.flags, argv.split(" "), false);
  const [image = "", ...command] = words;
  const applies = Object.keys(runFlags).flatMap((name) => (values as Record<string, unknown>)[name] as Apply[]);
  return fillRequest(cli, settingsOf(cli, values, image), applies, command);
}

describe("what run sends", () => {
  it.each<[string, object]>([
    ["x", { Image: "x", Tty: false, OpenStdin: false, StdinOnce: false, AttachStdin: false, AttachStdout: true, AttachStderr: true }],
    ["-i x", { OpenStdin: true, StdinOnce: true, AttachStdin: true }],
    ["-d x", { OpenStdin: false, AttachStdin: false, AttachStdout: false, AttachStderr: false }],
    ["-di x", { OpenStdin: true, StdinOnce: false, AttachStdin: false }],
    ["-a stdout x", { AttachStdin: false, AttachStdout: true, AttachStderr: false }],
    ["-i -a STDIN x", { AttachStdin: true, StdinOnce: true, AttachStdout: false }],
    ["x sh -c --rm", { Cmd: ["sh", "-c", "--rm"], HostConfig: { AutoRemove: false } }],
    ["--rm x", { HostConfig: { AutoRemove: true } }],
    ["--init --read-only --privileged=false x", { HostConfig: { Init: true, ReadonlyRootfs: true, Privileged: false } }],
  ])("%s", (argv, expected) => {
    expect(sent(argv)).toMatchObject(expected);
  });

  it("leaves the image its own command", () => {
    expect(sent("x")).not.toHaveProperty("Cmd");
    expect(sent("x")).not.toHaveProperty("NetworkingConfig");
  });

  it("tells the size of the user's terminal", () => {
    expect(sent("-t x", { columns: 120, rows: 40 }).HostConfig?.ConsoleSize).toEqual([40, 120]);
    expect(sent("x", { columns: 120, rows: 40 }).HostConfig).not.toHaveProperty("ConsoleSize");
  });

  it.each<[string, string | undefined, object | undefined]>([
    ["--network front x", "front", undefined],
    ["--ip 10.0.0.9 x", undefined, { default: { IPAMConfig: { IPv4Address: "10.0.0.9" } } }],
    [
      "--network front --network-alias a --mac-address 02:00:00:00:00:01 x",
      "front",
      { front: { Aliases: ["a"], MacAddress: "02:00:00:00:00:01" } },
    ],
    ["--network front --network back x", "front", { front: {}, back: {} }],
    [
      "--network name=front,alias=a,ip=10.0.0.9 --network-alias b x",
      "front",
      { front: { Aliases: ["a", "b"], IPAMConfig: { IPv4Address: "10.0.0.9" } } },
    ],
  ])("networks: %s", (argv, mode, endpoints) => {
    const body = sent(argv);
    expect(body.HostConfig?.NetworkMode).toBe(mode);
    expect(body.NetworkingConfig?.EndpointsConfig).toEqual(endpoints);
  });

  it.each([
    ["alias=a", "the network's name is missing"],
    ["name=x,colour=blue", 'unknown field "colour"'],
    ["name=x,driver-opt=y", "driver-opt must be name=value"],
  ])("--network %s is refused", (text, message) => {
    expect(() => parseNetwork(text)).toThrow(message);
  });

  it("cannot be in the background and attached", () => {
    expect(() => sent("-d -a stdout x")).toThrow("cannot specify both --attach and --detach");
  });
});
