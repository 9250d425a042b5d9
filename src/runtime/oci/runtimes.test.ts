import { copyFile, mkdtemp, open, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { spawn } from "#sys/processes/spawn.ts";
import { findRuntimes, parseBanner, Runtime } from "./runtimes.ts";

it.each([
  ["crun version 1.8.1\ncommit: f8a096b\nspec: 1.0.0\n", { kind: "crun", version: "1.8.1" }],
  ["runc version 1.1.5+ds1\ncommit: 1.1.5\n", { kind: "runc", version: "1.1.5+ds1" }],
  ["runc version 0.1.1\n", { kind: "other", version: "0.1.1" }],
  ["runsc version release-20221128.0\nspec: 1.0.2\n", { kind: "other", version: "release-20221128.0" }],
  ["something else\n", { kind: "other", version: "something else" }],
  ["", { kind: "other", version: "" }],
])("knows %j", (text, banner) => {
  expect(parseBanner(text)).toEqual(banner);
});

it("leaves out what is not installed, and wants the default", async () => {
  const entries = { busy: { path: "/bin/busybox" }, gone: { path: "/no/such" } };
  const found = await findRuntimes(entries, "busy", "/tmp/state");
  expect([...found.keys()]).toEqual(["busy"]);
  expect(found.get("busy")?.stateOf("c1")).toBe("/tmp/state/busy/c1");
  await expect(findRuntimes(entries, "gone", "/tmp/state")).rejects.toMatchObject({ category: "invalid" });
});

describe("a sealed runtime", () => {
  let folder: string;
  let runtime: Runtime;

  beforeEach(async () => {
    folder = await mkdtemp(`${tmpdir()}/dhow-seal-`);
    await copyFile("/bin/busybox", `${folder}/runtime`);
    runtime = new Runtime("crun", { path: `${folder}/runtime` }, { kind: "crun", version: "1" }, folder);
  });

  afterEach(async () => {
    runtime.close();
    await rm(folder, { recursive: true, force: true });
  });

  const exitOf = async (script: string): Promise<number> => {
    const argv = ["sh", "-c", script];
    return (await spawn({ file: runtime.program(), argv, env: {}, cwd: "/", descriptors: [null, null, null] })).exited;
  };

  it("runs, and cannot be written to from within", async () => {
    expect(await exitOf("exit 3")).toBe(3);
    expect(await exitOf("echo x >> /proc/self/exe")).not.toBe(0);
    // Nobody runs it now, so that it is not its being busy that keeps it.
    await expect(open(runtime.program(), "r+")).rejects.toMatchObject({ code: "EROFS" });
  });

  it("is the new one after an upgrade", async () => {
    const old = runtime.program();
    expect(runtime.program()).toBe(old);
    await copyFile("/bin/sleep", `${folder}/new`);
    await rename(`${folder}/new`, `${folder}/runtime`);
    const argv = ["sleep", "0"];
    expect(await (await spawn({ file: runtime.program(), argv, env: {}, cwd: "/", descriptors: [null, null, null] })).exited).toBe(0);
  });

  it("shows no mount", async () => {
    const before = await readFile("/proc/self/mountinfo", "utf8");
    runtime.program();
    expect(await readFile("/proc/self/mountinfo", "utf8")).toBe(before);
  });
});
