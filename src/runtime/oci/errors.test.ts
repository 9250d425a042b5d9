import { describe, expect, it } from "vitest";
import { createError, execError, startError } from "./errors.ts";

const crun = { runtime: "crun", executable: "/etc/noexec" };
const runc = { runtime: "runc", executable: "/etc/noexec" };
const logged = (message: string): string => `time="2026-01-01T00:00:00Z" level=error msg=${JSON.stringify(message)}\n`;
const CREATE = "failed to create task for container: failed to create shim task: OCI runtime create failed: ";
const STARTING = "unable to start container process: ";

describe("what a failed create says", () => {
  it.each([
    [
      crun,
      "executable file `foo` not found in $PATH: No such file or directory\n",
      `crun create failed: ${STARTING}exec: "foo": executable file not found in $PATH`,
      "not-found-executable",
    ],
    [
      crun,
      "executable file `/foo` not found in $PATH: No such file or directory\n",
      `crun create failed: ${STARTING}exec: "/foo": stat /foo: no such file or directory`,
      "not-found-executable",
    ],
    [
      crun,
      "open executable: Permission denied\n",
      `crun create failed: ${STARTING}exec: "/etc/noexec": permission denied`,
      "not-executable",
    ],
    [
      { ...crun, executable: "/etc" },
      "open executable: Operation not permitted\n",
      `crun create failed: ${STARTING}exec: "/etc": permission denied`,
      "not-executable",
    ],
    [
      { ...crun, executable: "" },
      "open executable: Operation not permitted\n",
      `crun create failed: ${STARTING}exec: "": executable file not found in $PATH`,
      "not-found-executable",
    ],
    [
      crun,
      "chdir `/bin/busybox`: Not a directory\n",
      `crun create failed: ${STARTING}chdir to cwd ("/bin/busybox") set in config.json failed: not a directory`,
      "not-executable",
    ],
    [
      runc,
      logged(`runc create failed: ${STARTING}exec: "foo": executable file not found in $PATH`),
      `runc create failed: ${STARTING}exec: "foo": executable file not found in $PATH`,
      "not-found-executable",
    ],
    [
      runc,
      `nsexec[1]: a warning\n${logged(`runc create failed: ${STARTING}exec: "/etc/noexec": permission denied`)}`,
      `runc create failed: ${STARTING}exec: "/etc/noexec": permission denied`,
      "not-executable",
    ],
  ])("%j says %j", (attempt, said, words, code) => {
    expect(createError(attempt, said)).toMatchObject({ category: "invalid", code, message: `${CREATE}${words}: unknown` });
  });

  it("hints at a folder mounted on a file", () => {
    const error = createError(crun, "mount `/tmp` to `bin/busybox`: Not a directory\n");
    expect(error).toMatchObject({ category: "invalid", code: "not-executable" });
    expect(error.message).toContain(
      "crun create failed: unable to start container process: mount `/tmp` to `bin/busybox`: not a directory",
    );
    expect(error.message).toMatch(/: unknown: Are you trying to mount a directory onto a file \(or vice-versa\)\?/);
  });

  it.each([
    ["unknown version specified\n", `${CREATE}crun create failed: ${STARTING}unknown version specified: unknown`],
    ["", `${CREATE}crun create failed: ${STARTING}no reason was given: unknown`],
  ])("passes on %j as a fault of the host", (said, message) => {
    expect(createError(crun, said)).toMatchObject({ category: "system", code: undefined, message });
  });

  it("is cut when a runtime goes on and on", () => {
    expect(createError(crun, "x".repeat(100_000)).message.length).toBeLessThan(3000);
  });
});

it.each([
  [crun, "executable file `foo` not found in $PATH: No such file or directory\n"],
  [crun, "\u001b[1;31m2026-11-24T05:39:06.152410Z: executable file `foo` not found in $PATH: No such file or directory\u001b[0m\r\n"],
  [runc, logged(`exec failed: ${STARTING}exec: "foo": executable file not found in $PATH`)],
  [runc, `${logged(`exec failed: ${STARTING}exec: "foo": executable file not found in $PATH`)}[conmon:e]: exit status 255\n`],
])("a failed exec of %j says so in Docker's words", (attempt, said) => {
  expect(execError(attempt, said)).toMatchObject({
    category: "invalid",
    code: "not-found-executable",
    message: `OCI runtime exec failed: exec failed: ${STARTING}exec: "foo": executable file not found in $PATH: unknown`,
  });
});

it("a failed start says so", () => {
  expect(startError(runc, logged("cannot start a container that has stopped"))).toMatchObject({
    category: "system",
    message: "failed to start task: OCI runtime start failed: cannot start a container that has stopped: unknown",
  });
});
