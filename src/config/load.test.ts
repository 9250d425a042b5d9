import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { DaemonConfig } from "./daemon-config.ts";
import { readEnvironment } from "./env.ts";
import { configFileOf, loadConfig } from "./load.ts";

const environment = readEnvironment({ HOME: "/root" }, 1);
let path: string;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), "config-")), "daemon.json");
});
afterEach(() => rmSync(join(path, ".."), { recursive: true }));

const load = (text: string, flags: object = {}): DaemonConfig => {
  writeFileSync(path, text);
  return loadConfig({ "config-file": path, ...flags }, environment).config;
};

test("file and flags together", () => {
  expect(load('{"labels":["a=b"]}', { debug: true })).toMatchObject({ labels: ["a=b"], log: { level: "debug" } });
});

test("without a file, where none was asked for", () => {
  expect(loadConfig({ instance: "dhow-none" }, environment).config.instance.name).toBe("dhow-none");
  expect(configFileOf({})).toBe("/etc/dhow/daemon.json");
  expect(configFileOf({ instance: "dhow-none" })).toBe("/etc/dhow-none/daemon.json");
});

test("a device without an end is not read for ever; one that is empty is no configuration", () => {
  expect(() => loadConfig({ "config-file": "/dev/zero" }, environment)).toThrow("larger than 1048576 bytes");
  expect(loadConfig({ "config-file": "/dev/null" }, environment).config.labels).toEqual([]);
});

test.each<[string, object, string]>([
  ['{"foo":1}', {}, "the following directives don't match any configuration option: foo"],
  ['{"debug":true}', { debug: true }, "specified both as a flag and in the configuration file: debug: (from flag: true, from file: true)"],
  ['{"containerd":"x"}', {}, "containerd is not implemented yet by Dhow"],
  ['{"log-level":"foo"}', {}, "merged configuration validation from file and command line flags failed: invalid logging level: foo"],
])("refuses %s with %j, naming the file", (text, flags, message) => {
  expect(() => load(text, flags)).toThrow(`unable to configure the Docker daemon with file ${path}: `);
  expect(() => load(text, flags)).toThrow(message);
});

test("refuses what is not UTF-8, and a file that is not there", () => {
  writeFileSync(path, Buffer.from([0x7b, 0xff, 0x7d]));
  expect(() => loadConfig({ "config-file": path }, environment)).toThrow("not valid");
  expect(() => loadConfig({ "config-file": `${path}.nope` }, environment)).toThrow(`open ${path}.nope: no such file or directory`);
});

test("a flag that is not honoured is refused by its own name", () => {
  expect(() => loadConfig({ containerd: "x" }, environment)).toThrow(/^--containerd is not implemented yet by Dhow/);
});
