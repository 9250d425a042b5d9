import { describe, expect, it, test } from "vitest";
import { checkLogConfig, logDriverNames, logLayout, mergeLogConfig } from "./drivers.ts";
import type { LogOptions } from "./options.ts";

const MB = 1_000_000;

test("the drivers are those that info lists", () => {
  expect(logDriverNames).toEqual(["json-file", "local", "none"]);
});

describe("how much is kept", () => {
  it.each<[string, LogOptions, object | undefined]>([
    ["json-file", {}, { fileBytes: 10 * MB, files: 3, compress: false, blocking: true }],
    ["json-file", { "max-file": "5" }, { fileBytes: 10 * MB, files: 5 }],
    ["json-file", { "max-size": "1m", compress: "true", mode: "non-blocking" }, { fileBytes: MB, compress: true, blocking: false }],
    ["json-file", { "max-size": "1.5g" }, { fileBytes: 1500 * MB }],
    ["json-file", { "max-size": "2KiB", "max-file": "1" }, { fileBytes: 16 * 1024, files: 2 }],
    ["json-file", { "max-size": "10m", "max-file": "1" }, { fileBytes: 5 * MB, files: 2 }],
    ["local", {}, { fileBytes: 20 * 1024 * 1024, files: 5, compress: true, blocking: true }],
    ["local", { compress: "0", "max-file": "1", "max-size": "50m" }, { fileBytes: 25 * MB, files: 2, compress: false }],
    ["local", { mode: "non-blocking", "max-buffer-size": "4m" }, { blocking: false }],
    ["none", { anything: "goes" }, undefined],
  ])("%s with %j", (driver, options, expected) => {
    checkLogConfig({ driver, options });
    const layout = logLayout({ driver, options });
    if (expected === undefined) expect(layout).toBeUndefined();
    else expect(layout).toMatchObject(expected);
  });
});

describe("is refused with Docker's text:", () => {
  const initialize = "failed to initialize logging driver: ";
  it.each<[string, LogOptions, string]>([
    ["bogus", {}, "logger: no log driver named 'bogus' is registered"],
    ["gelf", {}, "logger: no log driver named 'gelf' is registered"],
    ["constructor", {}, "logger: no log driver named 'constructor' is registered"],
    ["syslog", {}, "logger: the log driver 'syslog' is not supported by this engine: use one of json-file, local, none"],
    ["journald", {}, "logger: the log driver 'journald' is not supported by this engine: use one of json-file, local, none"],
    ["json-file", { bogus: "1" }, "unknown log opt 'bogus' for json-file log driver"],
    ["json-file", { __proto__x: "1" }, "unknown log opt '__proto__x' for json-file log driver"],
    ["local", { "syslog-address": "x" }, "unknown log opt 'syslog-address' for log driver local"],
    ["json-file", { mode: "fast" }, "logger: logging mode not supported: fast"],
    ["json-file", { "max-buffer-size": "1m" }, "logger: max-buffer-size option is only supported with 'mode=non-blocking'"],
    ["json-file", { "max-buffer-size": "x", mode: "non-blocking" }, "error parsing option max-buffer-size: invalid size: 'x'"],
    ["json-file", { "max-size": "big" }, `${initialize}invalid size: 'big'`],
    ["json-file", { "max-size": "1x" }, `${initialize}invalid suffix: 'x'`],
    ["json-file", { "max-size": "-1" }, `${initialize}invalid size: '-1'`],
    ["json-file", { "max-size": "0" }, `${initialize}max-size must be a positive number`],
    ["json-file", { "max-file": "0" }, `${initialize}max-file cannot be less than 1`],
    ["json-file", { "max-file": "two" }, `${initialize}strconv.Atoi: parsing "two": invalid syntax`],
    ["json-file", { compress: "maybe" }, `${initialize}strconv.ParseBool: parsing "maybe": invalid syntax`],
    [
      "json-file",
      { compress: "true", "max-file": "1" },
      `${initialize}compress cannot be true when max-file is less than 2 or max-size is not set`,
    ],
    ["local", { "max-file": "x" }, `${initialize}invalid value for max-file: x: strconv.Atoi: parsing "x": invalid syntax`],
    ["local", { "max-file": "1" }, `${initialize}compression cannot be enabled when max file count is 1`],
    ["local", { "max-file": "-1", compress: "false" }, `${initialize}max-file must not be negative`],
    ["local", { compress: "x" }, `${initialize}invalid boolean value for compress: strconv.ParseBool: parsing "x": invalid syntax`],
    ["json-file", { tag: "{{.Nope}}" }, 'tag "{{.Nope}}": {{.Nope}} is not supported'],
    ["json-file", { tag: "{{.ID" }, 'template parsing error in tag "{{.ID": unclosed action'],
    ["json-file", { "labels-regex": "(" }, "labels-regex: "],
  ])("%s with %j", (driver, options, message) => {
    expect(() => checkLogConfig({ driver, options })).toThrow(message);
  });
});

describe("a daemon's defaults", () => {
  const defaults = { driver: "json-file", options: { "max-size": "5m", labels: "a" } };
  it.each([
    [{}, defaults],
    [{ Type: "", Config: {} }, defaults],
    [
      { Type: "json-file", Config: { "max-size": "1m" } },
      { driver: "json-file", options: { "max-size": "1m", labels: "a" } },
    ],
    [{ Type: "local" }, { driver: "local", options: {} }],
    [{ Config: { "max-file": "2" } }, { driver: "json-file", options: { "max-size": "5m", labels: "a", "max-file": "2" } }],
  ])("with %j", (given, expected) => {
    expect(mergeLogConfig(given, defaults)).toEqual(expected);
  });
});
