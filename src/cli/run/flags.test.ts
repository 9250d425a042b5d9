import { describe, expect, it } from "vitest";
import { parsePublish } from "./ports.ts";
import { createBody, emptyRequest } from "./request.ts";
import type { Apply } from "./run-flag.ts";
import { runFlags } from "./run-flags.ts";

const files: Readonly<Record<string, string>> = { envs: "A=1\n# not this\n\nB=x=y\n", "profile.json": "{}" };

/** The body that one flag, given with these values, makes of nothing. */
function apply(name: string, ...values: string[]): object {
  const flag = runFlags[name];
  if (flag === undefined) throw new Error(`no flag ${name}`);
  const applies = values.reduce<readonly Apply[]>((before, value) => flag.read(value, before), flag.initial);
  const request = emptyRequest();
  for (const one of applies)
    one(request, { environment: { HOME: "/root" }, currentFolder: "/work", readText: (path) => files[path] ?? "" });
  return createBody(request);
}

describe("flags of run", () => {
  it.each<[string, string[], object]>([
    ["env", ["A=1", "HOME", "NOT_SET"], { config: { Env: ["A=1", "HOME=/root"] } }],
    ["env-file", ["envs"], { config: { Env: ["A=1", "B=x=y"] } }],
    ["label", ["a=1", "b"], { config: { Labels: { a: "1", b: "" } } }],
    ["entrypoint", [""], { config: { Entrypoint: [""] } }],
    ["memory", ["64m"], { hostConfig: { Memory: 67_108_864 } }],
    ["memory-swap", ["-1"], { hostConfig: { MemorySwap: -1 } }],
    ["cpus", ["1.5"], { hostConfig: { NanoCpus: 1_500_000_000 } }],
    [
      "ulimit",
      ["nofile=10:20", "core=0"],
      {
        hostConfig: {
          Ulimits: [
            { Name: "nofile", Soft: 10, Hard: 20 },
            { Name: "core", Soft: 0, Hard: 0 },
          ],
        },
      },
    ],
    [
      "volume",
      ["./data:/data:ro", "named:/n", "/anonymous"],
      { hostConfig: { Binds: ["/work/data:/data:ro", "named:/n"] }, config: { Volumes: { "/anonymous": {} } } },
    ],
    [
      "mount",
      ["type=bind,src=x,dst=/y,readonly"],
      { hostConfig: { Mounts: [{ Type: "bind", Source: "/work/x", Target: "/y", ReadOnly: true }] } },
    ],
    [
      "mount",
      ["type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=700"],
      { hostConfig: { Mounts: [{ Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 1_048_576, Mode: 0o700 } }] } },
    ],
    ["tmpfs", ["/t:size=1m,mode=1777"], { hostConfig: { Tmpfs: { "/t": "size=1m,mode=1777" } } }],
    [
      "device",
      ["/dev/fuse", "/dev/a:/dev/b:r", "/dev/c:rw"],
      {
        hostConfig: {
          Devices: [
            { PathOnHost: "/dev/fuse", PathInContainer: "/dev/fuse", CgroupPermissions: "rwm" },
            { PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "r" },
            { PathOnHost: "/dev/c", PathInContainer: "/dev/c", CgroupPermissions: "rw" },
          ],
        },
      },
    ],
    [
      "publish",
      ["8080:80", "8081:80"],
      {
        hostConfig: {
          PortBindings: {
            "80/tcp": [
              { HostIp: "", HostPort: "8080" },
              { HostIp: "", HostPort: "8081" },
            ],
          },
        },
        config: { ExposedPorts: { "80/tcp": {} } },
      },
    ],
    ["restart", ["on-failure:3"], { hostConfig: { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } } }],
    ["security-opt", ["seccomp=profile.json", "no-new-privileges"], { hostConfig: { SecurityOpt: ["seccomp={}", "no-new-privileges"] } }],
    ["log-opt", ["a=1", "b=2"], { hostConfig: { LogConfig: { Config: { a: "1", b: "2" } } } }],
    ["expose", ["90-91/udp"], { config: { ExposedPorts: { "90/udp": {}, "91/udp": {} } } }],
    ["ip", ["10.0.0.9"], { endpoint: { IPAMConfig: { IPv4Address: "10.0.0.9" } } }],
  ])("--%s %j", (name, values, expected) => {
    const { config, hostConfig, endpoint } = expected as { config?: object; hostConfig?: object; endpoint?: object };
    expect(apply(name, ...values)).toMatchObject({
      ...config,
      ...(hostConfig === undefined ? {} : { HostConfig: hostConfig }),
      ...(endpoint === undefined ? {} : { NetworkingConfig: { EndpointsConfig: { default: endpoint } } }),
    });
  });

  it.each([
    ["memory", "lots", "must be a size such as 64m or 1.5g"],
    ["cpus", "many", "must be a number such as 1.5"],
    ["ulimit", "nofile", "name=soft[:hard]"],
    ["mount", "type=bind,colour=blue,dst=/x", "unknown field 'colour'"],
    ["mount", "type=bind,src=/x", "target is required"],
    ["publish", "x:80", "must be [HOST-IP:][HOST-PORT:]PORT[/PROTOCOL]"],
    ["publish", "99999:80", "invalid port range"],
    ["publish", "80-82:80-81", "differ in length"],
  ])("--%s %s is refused: %s", (name, value, message) => {
    expect(() => apply(name, value)).toThrow(message);
  });
});

describe("-p", () => {
  it.each<[string, [string, string, string][]]>([
    ["80", [["80/tcp", "", ""]]],
    ["8080:80", [["80/tcp", "", "8080"]]],
    ["8080:80/udp", [["80/udp", "", "8080"]]],
    ["127.0.0.1:8080:80", [["80/tcp", "127.0.0.1", "8080"]]],
    ["127.0.0.1::80", [["80/tcp", "127.0.0.1", ""]]],
    ["[::1]:8080:80", [["80/tcp", "::1", "8080"]]],
    [
      "8000-8001:80-81",
      [
        ["80/tcp", "", "8000"],
        ["81/tcp", "", "8001"],
      ],
    ],
    ["8000-8010:80", [["80/tcp", "", "8000-8010"]]],
    [
      "90-91",
      [
        ["90/tcp", "", ""],
        ["91/tcp", "", ""],
      ],
    ],
  ])("%s", (value, expected) => {
    expect(parsePublish(value).map(({ port, binding }) => [port, binding.HostIp, binding.HostPort])).toEqual(expected);
  });
});
