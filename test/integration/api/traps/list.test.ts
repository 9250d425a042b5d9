import { expect } from "vitest";
import { BUSYBOX, busyboxArchive } from "../../../support/images.ts";
import { traps } from "../../../support/traps.ts";

/** What is kept of lines before (`{idle}`) stays to be filled in. */
const list = (filters: object, more = ""): string =>
  `GET /containers/json?${more}filters=${encodeURIComponent(JSON.stringify(filters)).replaceAll(/%7B(\w+)(?:%3A(\d+))?%7D/g, (_, name, length) => `{${name}${length ? `:${length}` : ""}}`)}`;
const names = (...all: string[]): object => all.map((name) => ({ Names: [`/${name}`] }));
const SLEEP = { Image: BUSYBOX, Cmd: ["sleep", "1000"] };

/** compat.md §4: list, and every filter of it. */
traps(
  "list",
  [busyboxArchive],
  [
    { ask: "POST /networks/create", body: { Name: "trapnet" }, status: 201, keep: "net" },
    {
      ask: "POST /containers/create?name=l-run",
      body: {
        ...SLEEP,
        Labels: { tier: "front", a: "1" },
        ExposedPorts: { "90/udp": {}, "80/tcp": {} },
        HostConfig: {
          PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] },
          Binds: ["trapvol:/data", "/tmp:/host"],
          NetworkMode: "trapnet",
        },
      },
      status: 201,
      keep: "run",
    },
    { ask: "POST /containers/l-run/start", status: 204 },
    { ask: "POST /containers/create?name=l-idle", body: { ...SLEEP, Labels: { tier: "back", a: "1" } }, status: 201, keep: "idle" },
    {
      ask: "POST /containers/create?name=l-done",
      body: { Image: BUSYBOX, Cmd: ["sh", "-c", "exit 3"], Labels: { empty: "" } },
      status: 201,
      keep: "done",
    },
    { ask: "POST /containers/l-done/start", status: 204 },
    { ask: "POST /containers/l-done/wait", status: 200, gives: { StatusCode: 3 } },

    { ask: "GET /containers/json", status: 200, gives: names("l-run"), trap: "only those that run" },
    { ask: "GET /containers/json?all=1", status: 200, gives: names("l-done", "l-idle", "l-run"), trap: "all, the newest first" },
    {
      ask: "GET /containers/json?all=True&limit=0",
      status: 200,
      gives: names("l-done", "l-idle", "l-run"),
      trap: "limit=0 is all; True is true (podman#7722, #17778)",
    },
    {
      ask: "GET /containers/json?all=&limit=2",
      status: 200,
      gives: names("l-done", "l-idle"),
      trap: "a limit asks for those that do not run, too",
    },
    { ask: "GET /containers/json?limit=-1", status: 200, gives: names("l-run"), trap: "limit=-1 is none" },
    {
      ask: "GET /containers/json?limit=x",
      status: 400,
      gives: "strconv.Atoi: parsing",
      trap: "a limit is a number",
      differs: "dockerd answers 500 with this text",
    },
    {
      ask: "GET /containers/json",
      status: 200,
      gives: [
        {
          Image: BUSYBOX,
          ImageID: expect.stringMatching(/^sha256:/) as string,
          Command: "sleep 1000",
          State: "running",
          Status: expect.stringMatching(/^(Up Less than a second|Up \d+ seconds?)$/) as string,
          Labels: { tier: "front" },
          HostConfig: { NetworkMode: "trapnet" },
        },
      ],
      trap: "name and digest of the image; the status in words (podman 6411f57e78)",
    },
    {
      ask: "GET /containers/json",
      status: 200,
      gives: [
        {
          Ports: expect.arrayContaining([
            { PrivatePort: 90, Type: "udp" },
            { IP: "127.0.0.1", PrivatePort: 80, PublicPort: expect.any(Number) as number, Type: "tcp" },
          ]) as object,
        },
      ],
      trap: "ports that are only exposed are there (podman#9553)",
    },
    {
      ask: "GET /containers/json",
      status: 200,
      gives: [
        {
          Mounts: expect.arrayContaining([
            expect.objectContaining({ Type: "volume", Name: "trapvol", Destination: "/data", Driver: "local", RW: true }),
            expect.objectContaining({ Type: "bind", Source: "/tmp", Destination: "/host" }),
          ]) as object,
          NetworkSettings: { Networks: { trapnet: { IPAddress: expect.stringMatching(/^\d/) as string } } },
        },
      ],
      trap: "mounts and networks are there (podman#9529)",
    },
    {
      ask: "GET /containers/json?all=1",
      status: 200,
      gives: [
        { Status: expect.stringMatching(/^Exited \(3\) /) as string, State: "exited", Ports: [], Mounts: [] },
        { Status: "Created", State: "created" },
        {},
      ],
      trap: "empty lists are lists",
    },
    { ask: "GET /containers/json?size=1", status: 200, gives: [{ SizeRootFs: expect.any(Number) as number }], trap: "sizes" },
    { ask: "GET /containers/json", status: 200, without: ["SizeRootFs"], trap: "… only when they were asked for" },
    { ask: "GET /v1.51/containers/json", status: 200, without: ['"Health"'], trap: "no Health before 1.52" },
    {
      ask: "GET /containers/json",
      status: 200,
      gives: [{ Health: { Status: "none", FailingStreak: 0 } }],
      trap: "Health since 1.52 (podman c4a4c7e117)",
      differs: "dockerd 28.5 speaks 1.51",
    },

    { ask: list({ nosuch: ["x"] }), status: 400, gives: "invalid filter 'nosuch'", trap: "an unknown filter is 400 (podman#8860)" },
    { ask: "GET /containers/json?filters={", status: 400, trap: "broken filters" },
    { ask: "GET /containers/json?filters=[]", status: 400, trap: "filters are an object" },
    { ask: list({}), status: 200, gives: names("l-run"), trap: "no filter" },
    {
      ask: list({ label: { "tier=back": true } }, "all=1&"),
      status: 200,
      gives: names("l-idle"),
      trap: "the old form of filters (docker-py)",
    },
    { ask: list({ label: ["a=1", "tier=front"] }, "all=1&"), status: 200, gives: names("l-run"), trap: "labels: all of them" },
    { ask: list({ label: ["a"] }, "all=1&"), status: 200, gives: names("l-idle", "l-run"), trap: "a label by its key" },
    { ask: list({ label: ["empty="] }, "all=1&"), status: 200, gives: names("l-done"), trap: "an empty value" },
    { ask: list({ name: ["l-run", "l-idle"] }, "all=1&"), status: 200, gives: names("l-idle", "l-run"), trap: "names: any of them" },
    { ask: list({ name: ["^/l-run$"] }, "all=1&"), status: 200, gives: names("l-run"), trap: "a whole name, as Compose asks for it" },
    { ask: list({ name: ["^l-r"] }, "all=1&"), status: 200, gives: names("l-run"), trap: "the beginning of a name" },
    { ask: list({ name: ["-i"] }, "all=1&"), status: 200, gives: names("l-idle"), trap: "part of a name" },
    { ask: list({ name: ["l-.*e$"] }, "all=1&"), status: 200, gives: names("l-done", "l-idle"), trap: "a pattern" },
    { ask: list({ name: ["l-(run|idle)"] }, "all=1&"), status: 200, gives: names("l-idle", "l-run"), trap: "alternatives in a pattern" },
    { ask: list({ name: ["("] }, "all=1&"), status: 200, gives: [], trap: "a broken pattern matches nothing" },
    { ask: list({ id: ["{idle}"] }, "all=1&"), status: 200, gives: names("l-idle"), trap: "an id" },
    { ask: list({ id: ["{idle:12}"] }, "all=1&"), status: 200, gives: names("l-idle"), trap: "the beginning of an id" },
    { ask: list({ status: ["created"] }), status: 200, gives: names("l-idle"), trap: "a status asks for those that do not run, too" },
    { ask: list({ status: ["created", "exited"] }), status: 200, gives: names("l-done", "l-idle"), trap: "several" },
    {
      ask: list({ status: ["stopped"] }),
      status: 400,
      gives: "invalid filter 'status=stopped'",
      trap: "states are Docker's seven (podman#17728)",
    },
    { ask: list({ exited: ["3"] }, "all=1&"), status: 200, gives: names("l-done"), trap: "an exit code" },
    { ask: list({ exited: ["0"] }, "all=1&"), status: 200, gives: [], trap: "created is not exited" },
    { ask: list({ exited: ["x"] }), status: 400, trap: "an exit code is a number" },
    { ask: list({ ancestor: [BUSYBOX] }), status: 200, gives: names("l-run"), trap: "an image by name and tag" },
    { ask: list({ ancestor: ["test/busybox"] }), status: 200, gives: names("l-run"), trap: "… without a tag" },
    { ask: list({ ancestor: ["no/such"] }), status: 200, gives: [], trap: "an unknown image has none" },
    { ask: list({ before: ["l-idle"] }, "all=1&"), status: 200, gives: names("l-run"), trap: "before" },
    { ask: list({ since: ["l-idle"] }, "all=1&"), status: 200, gives: names("l-done"), trap: "since" },
    { ask: list({ since: ["nosuch"] }), status: 404, gives: "No such container: nosuch", trap: "since an unknown one" },
    { ask: list({ volume: ["trapvol"] }), status: 200, gives: names("l-run"), trap: "a volume by name" },
    { ask: list({ volume: ["/host"] }), status: 200, gives: names("l-run"), trap: "a mount by its target" },
    { ask: list({ network: ["trapnet"] }), status: 200, gives: names("l-run"), trap: "a network by name" },
    { ask: list({ network: ["{net}"] }), status: 200, gives: names("l-run"), trap: "… by id" },
    { ask: list({ network: ["bridge"] }, "all=1&"), status: 200, gives: names("l-done", "l-idle"), trap: "… of those that do not run" },
    { ask: list({ network: ["nosuch"] }), status: 200, gives: [], trap: "an unknown network has none" },
    { ask: list({ expose: ["90/udp"] }), status: 200, gives: names("l-run"), trap: "an exposed port" },
    { ask: list({ expose: ["70-80"] }), status: 200, gives: names("l-run"), trap: "a range of ports, tcp" },
    { ask: list({ expose: ["90"] }), status: 200, gives: [], trap: "udp is not tcp" },
    { ask: list({ publish: ["90/udp"] }), status: 200, gives: [], trap: "exposed is not published" },
    { ask: list({ publish: ["80/tcp"] }), status: 200, gives: [], trap: "a published port is the host's" },
    { ask: list({ publish: ["x"] }), status: 400, trap: "a port is checked", differs: "dockerd answers 500" },
    { ask: list({ health: ["none"] }), status: 200, gives: names("l-run"), trap: "health: none" },
    { ask: list({ health: ["healthy"] }, "all=1&"), status: 200, gives: [], trap: "health: healthy" },
    { ask: list({ health: ["fine"] }), status: 400, gives: "invalid filter 'health=fine'", trap: "health is one of four" },
    { ask: list({ "is-task": ["true"] }, "all=1&"), status: 200, gives: [], trap: "nothing is a swarm's task" },
    { ask: list({ "is-task": ["false"] }), status: 200, gives: names("l-run"), trap: "" },
    { ask: list({ "is-task": ["maybe"] }), status: 400, gives: "invalid filter 'is-task", trap: "a boolean is checked" },
    { ask: list({ isolation: ["default"] }), status: 200, trap: "Windows' isolation is taken" },
    { ask: list({ name: ["l-run"], status: ["created"] }), status: 200, gives: [], trap: "filters of several kinds: all of them" },
    { ask: "POST /containers/l-run/pause", status: 204 },
    {
      ask: list({ status: ["paused"] }),
      status: 200,
      gives: [{ Status: expect.stringMatching(/ \(Paused\)$/) as string, State: "paused" }],
      trap: "paused, in words",
    },
    { ask: list({ status: ["running"] }), status: 200, gives: [], trap: "paused is not running" },
    { ask: "POST /containers/l-run/unpause", status: 204 },
  ],
);
