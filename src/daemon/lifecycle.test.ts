import { EventEmitter } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readEnvironment } from "#config/env.ts";
import { loadConfig } from "#config/load.ts";
import { mount, unmount } from "#sys/mounts/mount.ts";
import { eventually } from "#test/support/eventually.ts";
import type { Engine } from "./engine.ts";
import { runDaemon } from "./lifecycle.ts";
import type { LiveConfig } from "./live-config.ts";
import { DaemonLogger } from "./logging/logger.ts";
import { watchSignals } from "./signals.ts";

let folder: string;
let log: string[];
let calls: string[];
let source: EventEmitter;
let live: LiveConfig | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "life-"));
  log = [];
  calls = [];
  source = new EventEmitter();
  writeFileSync(join(folder, "daemon.json"), "{}");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a daemon whose engine only notes what is asked of it. */
function run(flags: object = {}, engine: Partial<Engine> = {}, input?: PassThrough): Promise<"stopped" | "hurried"> {
  const environment = readEnvironment({ HOME: "/root" }, process.pid);
  const settings = {
    instance: "dhow-life",
    "data-root": join(folder, "data"),
    "exec-root": join(folder, "run"),
    "config-file": join(folder, "daemon.json"),
    ...flags,
  };
  const logger = DaemonLogger.create({ level: "info", format: "text", sink: (line) => void log.push(line) });
  const note = (call: string): Promise<void> => {
    calls.push(call);
    return Promise.resolve();
  };
  const wire = async (config: LiveConfig): Promise<Engine> => {
    live = config;
    return {
      serve: () => void note("serve"),
      reloaded: () => void note("reloaded"),
      clear: () => note("clear"),
      close: () => note("close"),
      ...engine,
    };
  };
  return runDaemon({ environment, logger, signals: watchSignals(source, input), wire }, settings, loadConfig(settings, environment));
}

const serving = (): Promise<void> => eventually(() => expect(log.join("")).toContain("API listen on"));
const pidFile = (): string => join(folder, "run", "dhowd.pid");
const socket = (): string => join(folder, "run", "dhow.sock");

test("serves, and at SIGTERM takes its files away and leaves containers alone", async () => {
  const running = run();
  await serving();
  expect(readFileSync(pidFile(), "utf8")).toBe(`${process.pid}\n`);
  expect(existsSync(socket())).toBe(true);
  source.emit("SIGTERM", "SIGTERM");
  await expect(running).resolves.toBe("stopped");
  expect(calls).toEqual(["serve", "close"]);
  expect([existsSync(pidFile()), existsSync(socket())]).toEqual([false, false]);
});

test("an engine that cannot be closed does not keep the daemon from its end", async () => {
  const running = run({}, { close: () => Promise.reject(new Error("no")) });
  await serving();
  source.emit("SIGTERM", "SIGTERM");
  await expect(running).resolves.toBe("stopped");
  expect(log.join("")).toContain("the engine could not be closed error=no");
});

test("one that lives as long as its input takes containers along, and all that it made when that is asked for", async () => {
  for (const ephemeral of ["containers", "all"]) {
    calls = [];
    log = [];
    const input = new PassThrough();
    const running = run({ ephemeral }, {}, input);
    await serving();
    writeFileSync(join(folder, "data", "something"), "");
    input.end();
    await expect(running).resolves.toBe("stopped");
    expect(calls).toEqual(["serve", "clear", "close"]);
    expect(log.join("")).toContain('stopping reason="end of input"');
    expect([existsSync(join(folder, "data")), existsSync(join(folder, "run"))]).toEqual([ephemeral === "containers", false]);
  }
});

test("what is mounted below the roots keeps them from going", async () => {
  const input = new PassThrough();
  const running = run({ ephemeral: "all" }, {}, input);
  await serving();
  mkdirSync(join(folder, "data", "mounted"));
  mount({ source: "none", target: join(folder, "data", "mounted"), type: "tmpfs" });
  try {
    input.end();
    await running;
    expect([existsSync(join(folder, "data", "mounted")), existsSync(join(folder, "run"))]).toEqual([true, false]);
    expect(log.join("")).toContain("the folder stays, since something is mounted there");
  } finally {
    unmount(join(folder, "data", "mounted"));
  }
});

test("a second signal does not wait", async () => {
  const running = run({}, { close: () => new Promise(() => {}) });
  await serving();
  source.emit("SIGTERM", "SIGTERM");
  source.emit("SIGTERM", "SIGTERM");
  await expect(running).resolves.toBe("hurried");
  expect([existsSync(pidFile()), existsSync(socket())]).toEqual([false, false]);
});

test("SIGHUP puts the file into effect; one that is not accepted changes nothing", async () => {
  const running = run();
  await serving();
  const reload = (text: string): object | undefined => {
    writeFileSync(join(folder, "daemon.json"), text);
    source.emit("SIGHUP");
    return live?.current;
  };
  expect(reload('{"labels":["a=b"],"group":"root"}')).toMatchObject({ labels: ["a=b"], api: { group: { name: "docker" } } });
  expect(log.at(-2)).toContain('some of the changed configuration waits for a restart waiting="[\\"group\\"]"');
  expect(reload('{"nonsense":1}')).toMatchObject({ labels: ["a=b"] });
  expect(log.at(-1)).toContain("the configuration was not reloaded");
  expect(reload("{}")).toMatchObject({ labels: [] });
  expect(calls).toEqual(["serve", "reloaded", "reloaded"]);
  source.emit("SIGTERM", "SIGTERM");
  await running;
});

test("an address that cannot be had ends the start before an engine is built", async () => {
  await expect(run({ host: [`unix://${join(folder, "none", "x.sock")}`] })).rejects.toThrow("cannot listen on");
  expect(calls).toEqual([]);
  expect(existsSync(pidFile())).toBe(false);
});

test("two daemons share neither pid file nor data root", async () => {
  const running = run();
  await serving();
  await expect(run({ host: [`unix://${join(folder, "y.sock")}`] })).rejects.toThrow(`process with PID ${process.pid} is still running`);
  await expect(run({ pidfile: join(folder, "other.pid"), host: [`unix://${join(folder, "y.sock")}`] })).rejects.toThrow(
    "in use by another daemon",
  );
  expect(existsSync(join(folder, "other.pid"))).toBe(false);
  source.emit("SIGTERM", "SIGTERM");
  await running;
});
