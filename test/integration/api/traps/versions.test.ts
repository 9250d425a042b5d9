import { expect } from "vitest";
import { BUSYBOX, busyboxArchive } from "../../../support/images.ts";
import { traps, type Trap } from "../../../support/traps.ts";

const SLEEP = { Image: BUSYBOX, Cmd: ["sleep", "1000"] };
const VERSIONS = ["1.24", "1.25", "1.32", "1.40", "1.44", "1.47", "1.52"] as const;
type Version = (typeof VERSIONS)[number];

const minor = (version: Version): number => Number(version.slice(2));
const text = expect.any(String) as string;
const number = expect.any(Number) as number;
/** A peer does not know the newest. */
const newest = (version: Version): Pick<Trap, "differs"> => (minor(version) > 51 ? { differs: "dockerd 28.5 speaks 1.51" } : {});

/** What docker-java (1.32), Watchtower (1.25) and their like read of a container, a version a block (compat.md, findings 2 and 8). */
function lines(version: Version): Trap[] {
  const name = `old${minor(version)}`;
  const at = (path: string): string => `/v${version}${path}`;
  return [
    {
      ask: `POST ${at(`/containers/create?name=${name}`)}`,
      body: {
        ...SLEEP,
        HostConfig: { NetworkMode: "oldnet", Annotations: { a: "b" } },
        NetworkingConfig: { EndpointsConfig: { oldnet: { GwPriority: 3 } } },
      },
      status: 201,
      gives: { Id: text, Warnings: [] },
      keep: name,
      trap: "create: Warnings is a list",
      ...newest(version),
    },
    { ask: `POST ${at(`/containers/${name}/start`)}`, status: 204, ...newest(version) },
    {
      ask: `GET ${at("/containers/json")}?filters=${encodeURIComponent(JSON.stringify({ name: [`^/${name}$`] }))}`,
      status: 200,
      gives: [
        {
          Id: text,
          Names: [`/${name}`],
          Image: BUSYBOX,
          ImageID: text,
          Command: "sleep 1000",
          Created: number,
          Ports: [],
          Labels: {},
          State: "running",
          Status: text,
          HostConfig: { NetworkMode: "oldnet" },
          NetworkSettings: { Networks: { oldnet: { IPAddress: text, NetworkID: text } } },
          Mounts: [],
        },
      ],
      without: [...(minor(version) < 52 ? ['"Health"'] : []), ...(minor(version) < 46 ? ["Annotations"] : [])],
      trap: "list",
      ...newest(version),
    },
    {
      ask: `GET ${at(`/containers/${name}/json`)}`,
      status: 200,
      gives: inspected(version),
      without: minor(version) < 52 ? [] : ['"HairpinMode"', '"SecondaryIPAddresses"'],
      trap: "inspect",
      ...newest(version),
    },
    {
      ask: `GET ${at(`/containers/${name}/stats?stream=false`)}`,
      status: 200,
      gives: {
        id: text,
        name: `/${name}`,
        read: text,
        preread: text,
        pids_stats: { current: 1 },
        cpu_stats: { cpu_usage: { total_usage: number, usage_in_usermode: number }, online_cpus: number },
        precpu_stats: { cpu_usage: { total_usage: number } },
        memory_stats: { usage: number, limit: number, stats: expect.any(Object) as object },
        networks: { eth0: { rx_bytes: number, tx_bytes: number } },
        blkio_stats: { io_service_bytes_recursive: expect.anything() as object },
      },
      trap: "stats",
      ...newest(version),
      ...(minor(version) > 51 ? {} : { differs: "a dockerd on cgroup v1 leaves blkio null where there was no input" }),
    },
    { ask: `DELETE ${at(`/containers/${name}?force=1`)}`, status: 204, ...newest(version) },
  ];
}

function inspected(version: Version): object {
  const legacy = { Bridge: "", HairpinMode: false, SecondaryIPAddresses: null, IPAddress: "", Gateway: "", MacAddress: "", EndpointID: "" };
  const aliases = minor(version) < 45 ? [expect.stringMatching(/^[0-9a-f]{12}$/) as string] : null;
  return {
    Id: text,
    Path: "sleep",
    Args: ["1000"],
    State: {
      Status: "running",
      Running: true,
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      Pid: number,
      ExitCode: 0,
      Error: "",
      StartedAt: text,
      FinishedAt: "0001-01-01T00:00:00Z",
    },
    RestartCount: 0,
    Driver: "overlay2",
    ExecIDs: null,
    HostConfig: {
      NetworkMode: "oldnet",
      IpcMode: minor(version) < 40 ? "shareable" : "private",
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
      Binds: null,
      ...(minor(version) < 43 ? {} : { Annotations: { a: "b" } }),
    },
    Mounts: [],
    Config: {
      Image: BUSYBOX,
      Cmd: ["sleep", "1000"],
      Env: ["PATH=/bin:/usr/bin"],
      Labels: {},
      Entrypoint: null,
      Volumes: null,
      OnBuild: null,
      Hostname: text,
      Domainname: "",
      User: "",
      Tty: false,
    },
    NetworkSettings: {
      Ports: {},
      ...(minor(version) < 52 ? legacy : {}),
      Networks: { oldnet: { Aliases: aliases, GwPriority: minor(version) < 48 ? 0 : 3, Links: null, IPAMConfig: null } },
    },
  };
}

traps(
  "old versions",
  [busyboxArchive],
  [
    { ask: "POST /networks/create", body: { Name: "oldnet" }, status: 201 },
    ...VERSIONS.flatMap(lines),
    { ask: "GET /v1.23/containers/json", status: 400, gives: "client version 1.23 is too old", trap: "older than any" },
    { ask: "GET /v1.99/containers/json", status: 400, gives: "client version 1.99 is too new", trap: "newer than any" },
    {
      ask: "POST /v1.24/containers/create",
      body: { Image: "no/such" },
      status: 404,
      gives: { message: "No such image: no/such:latest" },
      trap: "errors are JSON from 1.24 on",
    },
  ],
);
