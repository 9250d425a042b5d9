import { expect, test } from "vitest";
import { buildConfig } from "./build-config.ts";
import { readEnvironment } from "./env.ts";
import type { Settings } from "./options.ts";

const build = (settings: Settings, env: NodeJS.ProcessEnv = { HOME: "/root" }): ReturnType<typeof buildConfig> =>
  buildConfig(settings, readEnvironment(env, 1));

test("defaults", () => {
  expect(build({})).toMatchObject({
    instance: { name: "dhow", dataRoot: "/var/lib/dhow", execRoot: "/run/dhow" },
    pidfile: "/run/dhow/dhowd.pid",
    log: { level: "info", format: "text" },
    api: {
      hosts: [{ kind: "unix", path: "/run/dhow/dhow.sock" }],
      group: { name: "docker", explicit: false },
      tls: undefined,
      minVersion: [1, 24],
    },
    containers: { cgroupParent: "/dhow", cgroupnsMode: "private", ipcMode: "private", shmSize: 67_108_864, seccompProfile: "builtin" },
    network: { bip: undefined, mtu: 1500, publishAddress: "0.0.0.0" },
    images: { maxConcurrentDownloads: 3, maxConcurrentUploads: 5, maxDownloadAttempts: 5 },
  });
});

test("everything derives from the instance", () => {
  const config = build({ instance: "dhow-t1", "exec-root": "/tmp/x/run" });
  expect(config.instance).toMatchObject({ bridge: "dhow-t10", dataRoot: "/var/lib/dhow-t1", execRoot: "/tmp/x/run" });
  expect(config.api.hosts).toEqual([{ kind: "unix", path: "/tmp/x/run/dhow.sock" }]);
  expect(config.pidfile).toBe("/tmp/x/run/dhowd.pid");
  expect(config.containers.cgroupParent).toBe("/dhow-t1");
});

test("is frozen all the way down", () => {
  const config = build({ label: ["a=b"] });
  expect(() => (config.labels as string[]).push("c=d")).toThrow(TypeError);
  expect(() => Object.assign(config.api, { tls: undefined })).toThrow(TypeError);
});

test("TLS: files from flags, else from the folder that the environment names; verify is stronger than tls", () => {
  expect(build({ tlsverify: true, tlskey: "/k" }, { DOCKER_CERT_PATH: "/certs" }).api.tls).toEqual({
    clientCa: "/certs/ca.pem",
    cert: "/certs/cert.pem",
    key: "/k",
  });
  expect(build({ tls: true }).api.tls).toEqual({ clientCa: undefined, cert: "/root/.docker/cert.pem", key: "/root/.docker/key.pem" });
  expect(build({}, { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/c" }).api.tls?.clientCa).toBe("/c/ca.pem");
  expect(build({ tls: false }).api.tls).toBeUndefined();
});

test("the environment raises the floor of API versions", () => {
  expect(build({}, { DOCKER_MIN_API_VERSION: "1.40" }).api.minVersion).toEqual([1, 40]);
  expect(build({ "min-api-version": "1.30" }, { DOCKER_MIN_API_VERSION: "1.40" }).api.minVersion).toEqual([1, 30]);
});

test("levels: debug wins, Docker's odd ones mean their neighbours", () => {
  expect(build({ "log-level": "TRACE" }).log.level).toBe("debug");
  expect(build({ "log-level": "panic" }).log.level).toBe("fatal");
  expect(build({ debug: true, "log-level": "error" }).log.level).toBe("debug");
});

test.each(["127.0.0.1:2375", "localhost:1", "[::1]:2375", "127.9.9.9:1"])("plain TCP on %s", (address) => {
  expect(build({ host: [`tcp://${address}`] }).api.hosts[0]).toMatchObject({ kind: "tcp" });
});

test.each<[Settings, string]>([
  [{ host: ["tcp://0.0.0.0:2375"] }, "refusing to listen on tcp://0.0.0.0:2375 without client certificates"],
  [{ host: ["tcp://[::]:2375"] }, "refusing to listen on tcp://[::]:2375"],
  [{ host: ["tcp://some-host:2375"] }, "refusing to listen"],
  [{ host: ["tcp://localhost.example:2375"] }, "refusing to listen"],
  [{ host: ["tcp://0.0.0.0:2376"], tls: true }, "without client certificates"],
  [{ "log-level": "foo" }, "invalid logging level: foo"],
  [{ "log-level": "constructor" }, "invalid logging level: constructor"],
  [{ "log-format": "x" }, "invalid log format: x"],
  [{ label: ["a"] }, "bad attribute format: a"],
  [{ label: ["a=b", "a=c"] }, "conflict labels for a=c and a=b"],
  [{ mtu: -1 }, "invalid default MTU: -1"],
  [{ bip: "x" }, "invalid bip: x"],
  [{ bip: "::1/64" }, "invalid bip"],
  [{ "default-ipc-mode": "host" }, 'IPC mode "host" is not supported as default value; use "shareable" or "private"'],
  [{ "default-cgroupns-mode": "x" }, 'invalid default cgroup namespace (x): use "host" or "private"'],
  [{ "max-concurrent-downloads": 0 }, "invalid max concurrent downloads: 0"],
  [{ "registry-mirror": ["x"] }, `invalid mirror: no scheme specified for "x"`],
  [{ "insecure-registry": ["http://x"] }, "invalid insecure registry"],
  [{ "dns-search": [" "] }, "  is not a valid domain"],
  [{ instance: "Bad Name" }, 'invalid instance name "Bad Name"'],
  [{ "data-root": "/" }, 'invalid data-root "/"'],
  [{ "data-root": "/etc" }, 'invalid data-root "/etc"'],
  [{ "exec-root": "" }, 'invalid exec-root ""'],
  [{ "data-root": "/tmp/x", "exec-root": "/tmp/y/../x" }, "data-root and exec-root are both /tmp/x"],
  [{ "min-api-version": "1.23" }, "invalid min-api-version: minimum supported API version is 1.24: 1.23"],
  [{ "min-api-version": "2.0" }, "maximum supported API version is 1.55: 2.0"],
  [{ "min-api-version": "v1.30" }, 'API version must be provided without "v" prefix'],
])("refuses %j", (settings, message) => {
  expect(() => build(settings)).toThrow(message);
});
