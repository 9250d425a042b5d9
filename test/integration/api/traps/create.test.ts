import { BUSYBOX, busyboxArchive, imageArchive } from "../../../support/images.ts";
import { traps } from "../../../support/traps.ts";

const FULL = "test/full:latest";
const full = (): Buffer =>
  imageArchive(FULL, {
    Entrypoint: ["echo", "entry"],
    Cmd: ["image"],
    Volumes: { "/vol": {} },
    ExposedPorts: { "80/tcp": {} },
    WorkingDir: "/work",
    StopSignal: "SIGUSR1",
    Labels: { of: "image", both: "image" },
    Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 7_000_000_000 },
  });

const SLEEP = { Image: BUSYBOX, Cmd: ["sleep", "1000"] };

/** compat.md §4: create and inspect. */
traps(
  "create",
  [busyboxArchive, full],
  [
    {
      ask: "POST /containers/create?name=plain",
      body: { ...SLEEP, HostConfig: { NetworkMode: "default" } },
      status: 201,
      gives: { Warnings: [] },
      keep: "plain",
      trap: "NetworkMode default is taken (podman#8544)",
    },
    {
      ask: "GET /containers/plain/json",
      status: 200,
      gives: { HostConfig: { NetworkMode: "bridge" }, Name: "/plain" },
      trap: "… and shown by its name, as moby does since 26; names start with /",
    },
    {
      ask: "GET /containers/plain/json",
      status: 200,
      gives: {
        State: { StartedAt: "0001-01-01T00:00:00Z", FinishedAt: "0001-01-01T00:00:00Z", Status: "created" },
        Path: "sleep",
        Args: ["1000"],
        RestartCount: 0,
        HostConfig: { CapAdd: null, Binds: null, PortBindings: {} },
      },
      trap: "zero times are Go's (podman#7860)",
      differs: "dockerd shows PortBindings null or {} as it was given",
    },
    {
      ask: "GET /containers/plain/json",
      status: 200,
      gives: { NetworkSettings: { Networks: { bridge: { IPAMConfig: null, Aliases: null } }, Ports: {} } },
      without: ['"Health"'],
      trap: "no health check, no Health (traefik#11494); Networks and Ports are never null",
    },
    {
      ask: "POST /containers/create?name=plain",
      body: SLEEP,
      status: 409,
      gives:
        'Conflict. The container name "/plain" is already in use by container "{plain}". You have to remove (or rename) that container to be able to reuse that name.',
      trap: "a name in use is 409",
    },
    {
      ask: "POST /containers/create",
      body: { Image: "no/such:image" },
      status: 404,
      gives: "No such image: no/such:image",
      trap: "a missing image is 404 with this text: clients pull then (podman#18951)",
    },
    {
      ask: "POST /containers/create",
      body: {},
      status: 400,
      gives: "config cannot be empty in order to create a container",
      trap: "an empty configuration",
    },
    {
      ask: "POST /containers/create?name=/x/y",
      body: SLEEP,
      status: 400,
      gives: "Invalid container name (/x/y), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
      trap: "a name is checked",
    },
    { ask: "POST /containers/create?name=/slash", body: SLEEP, status: 201, trap: "a name may begin with a slash" },
    { ask: "POST /containers/create?name=bridge", body: SLEEP, status: 201, trap: "a container may be called bridge (podman#14983)" },

    { ask: "POST /containers/create?name=entry", body: { Image: FULL }, status: 201, trap: "" },
    {
      ask: "GET /containers/entry/json",
      status: 200,
      gives: {
        Path: "echo",
        Args: ["entry", "image"],
        Config: {
          StopSignal: "SIGUSR1",
          WorkingDir: "/work",
          Labels: { of: "image" },
          Volumes: { "/vol": {} },
          ExposedPorts: { "80/tcp": {} },
        },
      },
      trap: "the image's configuration is under the user's",
    },
    { ask: "POST /containers/create?name=cleared", body: { Image: FULL, Entrypoint: [], Cmd: ["true"] }, status: 201 },
    {
      ask: "GET /containers/cleared/json",
      status: 200,
      gives: { Path: "true", Args: [], Config: { Cmd: ["true"] } },
      trap: "Entrypoint [] clears the image's (podman#26078)",
    },
    { ask: "POST /containers/create?name=cleared2", body: { Image: FULL, Entrypoint: [""], Cmd: ["true"] }, status: 201 },
    {
      ask: "GET /containers/cleared2/json",
      status: 200,
      gives: { Path: "true", Config: { Entrypoint: null } },
      trap: 'Entrypoint [""] clears it too',
    },
    { ask: "POST /containers/create?name=reset", body: { Image: FULL, Entrypoint: ["ls"] }, status: 201 },
    { ask: "GET /containers/reset/json", status: 200, gives: { Path: "ls", Args: [] }, trap: "a user's Entrypoint resets the image's Cmd" },
    { ask: "POST /containers/create?name=string", body: { Image: BUSYBOX, Cmd: "ls -l" }, status: 201 },
    {
      ask: "GET /containers/string/json",
      status: 200,
      gives: { Config: { Cmd: ["ls -l"] } },
      trap: "Cmd may be one string, which is one word",
    },
    {
      ask: "POST /containers/create?name=labels",
      body: { Image: FULL, Labels: { both: "user", __proto__: null, constructor: "c" } },
      status: 201,
    },
    {
      ask: "GET /containers/labels/json",
      status: 200,
      gives: { Config: { Labels: { of: "image", both: "user", constructor: "c" } } },
      trap: "labels are joined by key",
    },

    { ask: "POST /containers/create?name=none", body: { Image: FULL, Healthcheck: { Test: ["NONE"] } }, status: 201 },
    {
      ask: "GET /containers/none/json",
      status: 200,
      gives: { Config: { Healthcheck: { Test: ["NONE"] } } },
      without: ['"Health":'],
      trap: "NONE takes the image's health check away (podman#14493)",
    },
    {
      ask: "POST /containers/create?name=spaces",
      body: { Image: BUSYBOX, Healthcheck: { Test: ["CMD", "test", "-e", "/a b"] } },
      status: 201,
    },
    {
      ask: "GET /containers/spaces/json",
      status: 200,
      gives: { Config: { Healthcheck: { Test: ["CMD", "test", "-e", "/a b"] } } },
      trap: "arguments with spaces are not split (podman#27818)",
    },
    {
      ask: "POST /containers/create",
      body: { Image: BUSYBOX, Healthcheck: { Test: ["CMD", "x"], Interval: 5 } },
      status: 400,
      gives: "Interval in Healthcheck cannot be less than 1ms",
      trap: "timings are checked",
    },
    {
      ask: "POST /containers/create",
      body: { Image: BUSYBOX, Healthcheck: { Test: ["CMD", "x"], Retries: -1 } },
      status: 400,
      gives: "Retries in Healthcheck cannot be negative",
      trap: "retries are checked",
    },
  ],
);
