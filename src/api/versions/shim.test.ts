import { describe, expect, test } from "vitest";
import { type Reply, json, jsonText, type Route } from "#http/route.ts";
import type { ApiVersion } from "#spec/api-version.ts";
import { operationOf, shimFor } from "./shim.ts";

const route = (operation: string): Pick<Route, "method" | "path"> => {
  const [method, path] = operation.split(" ") as [Route["method"], string];
  return { method, path };
};
const version = (text: string): ApiVersion => text.split(".").map(Number) as unknown as ApiVersion;
const CREATE = "POST /containers/create";
const withMount = (mount: object): object => ({ HostConfig: { Mounts: [mount] } });
const withEndpoints = (endpoints: object, more: object = {}): object => ({ ...more, NetworkingConfig: { EndpointsConfig: endpoints } });

const bodies: [operation: string, since: string, given: object, older: object, newer?: object][] = [
  [CREATE, "1.40", { HostConfig: {} }, { HostConfig: { IpcMode: "shareable" } }],
  [CREATE, "1.40", { HostConfig: { IpcMode: "private" } }, { HostConfig: { IpcMode: "private" } }],
  [CREATE, "1.42", { HostConfig: { IpcMode: "host", ConsoleSize: [24, 80] } }, { HostConfig: { IpcMode: "host" } }],
  [
    CREATE,
    "1.42",
    withMount({ Type: "volume", BindOptions: {}, VolumeOptions: { NoCopy: true }, TmpfsOptions: {} }),
    withMount({ Type: "volume", VolumeOptions: { NoCopy: true } }),
  ],
  [
    CREATE,
    "1.42",
    withMount({ Type: "bind", BindOptions: { CreateMountpoint: true, Propagation: "slave" } }),
    withMount({ Type: "bind", BindOptions: { Propagation: "slave" } }),
  ],
  ["POST /containers/:id/exec", "1.42", { Cmd: ["sh"], ConsoleSize: [1, 2] }, { Cmd: ["sh"] }],
  ["POST /exec/:id/start", "1.42", { Tty: true, ConsoleSize: [1, 2] }, { Tty: true }],
  [CREATE, "1.43", { HostConfig: { Annotations: { a: "b" } } }, { HostConfig: {} }],
  [CREATE, "1.44", { Healthcheck: { Interval: 1, StartInterval: 2 } }, { Healthcheck: { Interval: 1 } }],
  [
    CREATE,
    "1.44",
    withMount({ Type: "bind", ReadOnly: true }),
    withMount({ Type: "bind", ReadOnly: true, BindOptions: { ReadOnlyNonRecursive: true } }),
  ],
  [CREATE, "1.44", withMount({ Type: "volume", ReadOnly: true }), withMount({ Type: "volume", ReadOnly: true })],
  [CREATE, "1.44", withEndpoints({ net: { MacAddress: "02:00:00:00:00:01", Aliases: ["a"] } }), withEndpoints({ net: { Aliases: ["a"] } })],
  [
    CREATE,
    "1.44",
    withEndpoints({ net: null }, { MacAddress: "02:00:00:00:00:01" }),
    withEndpoints({ net: null }, { MacAddress: "02:00:00:00:00:01" }),
  ],
  [CREATE, "1.48", withEndpoints({ net: { GwPriority: 5 } }), withEndpoints({ net: {} })],
  ["POST /networks/create", "1.48", { Name: "n", EnableIPv4: false }, { Name: "n" }],
  ["POST /networks/:id/connect", "1.54", { Container: "c", EndpointConfig: { MacAddress: "x" } }, { Container: "c", EndpointConfig: {} }],
  ["POST /containers/:id/update", "1.55", { Memory: 1, BlkioDeviceReadBps: [] }, { Memory: 1 }],
];

/** The version just before. */
function before(since: string): ApiVersion {
  const [major, minor] = version(since);
  return [major, minor - 1];
}

describe("bodies of requests", () => {
  test.each(bodies)("%s before %s: %j becomes %j", (operation, since, given, older) => {
    expect(shimFor(route(operation), before(since))?.body(given) ?? given).toEqual(older);
    const newest = shimFor(route(operation), [1, 55]);
    expect(newest).toBeUndefined();
  });

  const refused: [since: string, body: object, message: string][] = [
    [
      "1.44",
      withMount({ Type: "bind", BindOptions: { ReadOnlyForceRecursive: true } }),
      "BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer",
    ],
    ["1.44", withEndpoints({ a: {}, b: {} }), "Container cannot be created with multiple network endpoints: a, b"],
    ["1.45", withMount({ Type: "volume", VolumeOptions: { Subpath: "x" } }), "VolumeOptions.Subpath needs API v1.45 or newer"],
    ["1.48", withMount({ Type: "image" }), 'Mount type "Image" needs API v1.48 or newer'],
  ];
  test.each(refused)("before %s, %j is refused", (since, body, message) => {
    expect(() => shimFor(route(CREATE), before(since))?.body(body)).toThrow(message);
    expect(() => shimFor(route(CREATE), version(since))?.body(body)).not.toThrow();
  });

  test.each([undefined, null, [], "text", { HostConfig: 7 }, { HostConfig: { Mounts: {} } }, withEndpoints({ a: 7 })])(
    "%j is left for validation to judge",
    (body) => {
      expect(() => shimFor(route(CREATE), [1, 24])?.body(body)).not.toThrow();
    },
  );

  test("__proto__ stays a key", () => {
    const body: unknown = JSON.parse('{"HostConfig":{"__proto__":{"Privileged":true},"Annotations":{}}}');
    const lifted = shimFor(route(CREATE), [1, 42])?.body(body) as { HostConfig: { Privileged?: boolean } } | undefined;
    expect([lifted?.HostConfig.Privileged, Object.keys(lifted?.HostConfig ?? {})]).toEqual([undefined, ["__proto__"]]);
  });
});

const queries: [operation: string, since: string, given: string, older: string][] = [
  ["POST /containers/:id/wait", "1.30", "condition=removed", ""],
  ["POST /images/create", "1.32", "fromImage=a&platform=linux/arm64", "fromImage=a"],
  [CREATE, "1.41", "name=a&platform=linux/arm64", "name=a"],
  ["POST /containers/:id/stop", "1.42", "t=1&signal=INT", "t=1"],
  ["POST /containers/:id/restart", "1.42", "signal=INT", ""],
  ["GET /images/json", "1.42", "all=1&shared-size=1", "all=1"],
];

test.each(queries)("the query of %s before %s: %s becomes %s", (operation, since, given, older) => {
  const lift = (client: ApiVersion): string => (shimFor(route(operation), client)?.query(new URLSearchParams(given)) ?? given).toString();
  expect(lift(before(since))).toBe(older);
});

const CONTAINER = {
  Id: "0123456789abcdef",
  Config: { Hostname: "0123456789ab" },
  NetworkSettings: { Networks: { bridge: { Aliases: null }, mine: { Aliases: ["web"] }, other: { Aliases: null } } },
};

const answers: [operation: string, since: string, newest: unknown, older: object, absent?: string[]][] = [
  [
    "GET /containers/json",
    "1.46",
    [{ HostConfig: { NetworkMode: "host", Annotations: {} } }],
    [{ HostConfig: { NetworkMode: "host" } }],
    ["Annotations"],
  ],
  [
    "GET /containers/:id/json",
    "1.45",
    CONTAINER,
    {
      NetworkSettings: {
        Networks: { bridge: { Aliases: null }, mine: { Aliases: ["web", "0123456789ab"] }, other: { Aliases: ["0123456789ab"] } },
      },
    },
  ],
  ["GET /info", "1.47", { RegistryConfig: {} }, { RegistryConfig: { AllowNondistributableArtifactsCIDRs: null } }],
  ["GET /info", "1.49", { FirewallBackend: {} }, {}, ["FirewallBackend"]],
];

function bodyFor(operation: string, client: ApiVersion, newest: unknown): unknown {
  const reply = json(newest);
  const shown: Reply = shimFor(route(operation), client)?.reply(reply) ?? reply;
  return shown.kind === "json" ? shown.body : undefined;
}

test.each(answers)("the answer of %s before %s", (operation, since, newest, older, absent = []) => {
  const copy = structuredClone(newest);
  const body = bodyFor(operation, before(since), newest);
  expect(body).toMatchObject(older);
  expect(absent.filter((name) => JSON.stringify(body).includes(`"${name}"`))).toEqual([]);
  expect(newest).toEqual(copy);
});

test("an answer that is text already is taken back as well, and left alone where nothing changed", () => {
  const reply = jsonText(JSON.stringify([{ Id: "x", HostConfig: { NetworkMode: "n", Annotations: { a: "b" } } }]));
  const shown = (client: ApiVersion): unknown => {
    const answer = shimFor(route("GET /containers/json"), client)?.reply(reply) ?? reply;
    return answer.kind === "json" ? answer.body : answer;
  };
  expect(shown([1, 44])).toMatchObject([{ Id: "x", HostConfig: { NetworkMode: "n" } }]);
  expect(JSON.stringify(shown([1, 44]))).not.toContain("Annotations");
  expect(shown([1, 52])).toBe(reply);
});

test("other kinds of answers go through as they are", () => {
  const reply: Reply = { kind: "empty", status: 204 };
  expect(shimFor(route("GET /containers/json"), [1, 24])?.reply(reply)).toBe(reply);
});

test("operations have no names of parameters", () => {
  expect(operationOf({ method: "GET", path: "/images/:name*/json" })).toBe("GET /images/{}/json");
  expect(operationOf({ method: "POST", path: "/a/:id/b/:other" })).toBe("POST /a/{}/b/{}");
});

test("an operation that never changed has no shim", () => {
  expect(shimFor(route("GET /_ping"), [1, 24])).toBeUndefined();
});
