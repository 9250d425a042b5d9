import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { silentLogger } from "#lib/logger.ts";
import { engineId } from "./roots/engine-id.ts";
import { claimPidFile } from "./roots/pidfile.ts";
import { lockRoot } from "./roots/root-lock.ts";
import { prepareRoots } from "./roots/roots.ts";
import { socketGroup } from "./listening/socket-group.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "claims-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

describe("the roots", () => {
  const roots = (): { dataRoot: string; execRoot: string } => ({ dataRoot: join(folder, "a/b/data"), execRoot: join(folder, "run") });

  test("are made with modes that keep others out", () => {
    prepareRoots(roots(), undefined);
    expect([modeOf(roots().dataRoot), modeOf(roots().execRoot), modeOf(join(folder, "a"))]).toEqual(["710", "700", "755"]);
  });

  test("are put right when they are there", () => {
    mkdirSync(roots().dataRoot, { recursive: true, mode: 0o777 });
    chmodSync(roots().dataRoot, 0o777);
    prepareRoots(roots(), 0);
    expect([modeOf(roots().dataRoot), modeOf(roots().execRoot)]).toEqual(["710", "700"]);
  });

  test("let the socket's group pass through to it", () => {
    prepareRoots(roots(), 12);
    expect([modeOf(roots().execRoot), statSync(roots().execRoot).gid, statSync(roots().dataRoot).gid]).toEqual(["710", 12, 0]);
  });

  test("of somebody else are refused, and what is no folder", () => {
    mkdirSync(roots().execRoot);
    chownSync(roots().execRoot, 65534, 0);
    expect(() => prepareRoots(roots(), undefined)).toThrow("belongs to user 65534");
    rmSync(roots().execRoot, { recursive: true });
    writeFileSync(roots().execRoot, "");
    expect(() => prepareRoots(roots(), undefined)).toThrow("is not a folder");
    rmSync(roots().execRoot);
    symlinkSync("/tmp", roots().execRoot);
    expect(() => prepareRoots(roots(), undefined)).toThrow("is not a folder");
  });
});

describe("the pid file", () => {
  test("is one process's at a time", () => {
    const path = join(folder, "sub", "dhowd.pid");
    const first = claimPidFile(path, 4711);
    expect(readFileSync(path, "utf8")).toBe("4711\n");
    expect(() => claimPidFile(path, 4712)).toThrow(`ensure dhowd is not running or delete ${path}: process with PID 4711 is still running`);
    first.release();
    expect(() => readFileSync(path)).toThrow("ENOENT");
    claimPidFile(path, 4713).release();
  });

  test("of a crash is taken over, whoever has its number now", () => {
    const path = join(folder, "dhowd.pid");
    writeFileSync(path, `${process.pid} and some more that has to go`);
    const claim = claimPidFile(path, 5);
    expect(readFileSync(path, "utf8")).toBe("5\n");
    claim.release();
  });

  test("that somebody has replaced is left alone", () => {
    const path = join(folder, "dhowd.pid");
    const claim = claimPidFile(path, 5);
    renameSync(path, `${path}.old`);
    writeFileSync(path, "other");
    claim.release();
    expect(readFileSync(path, "utf8")).toBe("other");
  });

  test("does not follow a link", () => {
    const path = join(folder, "dhowd.pid");
    symlinkSync("/etc/passwd", path);
    expect(() => claimPidFile(path, 5)).toThrow("ELOOP");
  });
});

test("a root is one daemon's at a time", () => {
  const release = lockRoot(folder, "data root");
  expect(() => lockRoot(folder, "data root")).toThrow(`the data root ${folder} is in use by another daemon`);
  release();
  lockRoot(folder, "data root")();
});

test("the engine keeps its id, and makes a new one for what is none", async () => {
  const id = await engineId(folder);
  expect(await engineId(folder)).toBe(id);
  expect(modeOf(join(folder, "engine-id"))).toBe("600");
  writeFileSync(join(folder, "engine-id"), "garbage");
  const other = await engineId(folder);
  expect(other).toMatch(/^[0-9a-f-]{36}$/);
  expect(other).not.toBe(id);
});

describe("the socket's group", () => {
  const find = (name: string, explicit = true): number => {
    writeFileSync(join(folder, "group"), "root:x:0:\ndocker:x:998:me\nbroken:x:no:\n");
    return socketGroup({ name, explicit }, silentLogger, join(folder, "group"));
  };

  test.each([
    ["docker", 998],
    ["root", 0],
    ["1234", 1234],
  ])("%s is %d", (name, gid) => {
    expect(find(name)).toBe(gid);
  });

  test("that is missing is root's, unless it was asked for", () => {
    expect(find("none", false)).toBe(0);
    expect(() => find("none")).toThrow("group none not found");
    expect(() => find("broken")).toThrow("group broken not found");
  });
});
