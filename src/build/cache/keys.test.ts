import { expect, it } from "vitest";
import type { CopyOperation, PlannedMount, RunOperation } from "../plan/plan.ts";
import { copyKey, runKey } from "./keys.ts";

const run: RunOperation = {
  kind: "run",
  root: 0,
  argv: ["sh", "-c", "x"],
  env: ["A=1"],
  unkeyedEnv: [],
  cwd: "/",
  user: "",
  mounts: [],
  network: "default",
  security: "sandbox",
  devices: [],
  scripts: [],
};
const cache = {
  type: "cache",
  target: "/c",
  id: "i",
  sharing: "shared",
  from: undefined,
  source: "/",
  readOnly: false,
  uid: 0,
  gid: 0,
  mode: 0o755,
} satisfies PlannedMount;
const parts = { identity: (): string => "sha256:base", epoch: undefined };
const keyOf = (change: Partial<RunOperation>, identity = "sha256:base", binds: string[] = [], outside: unknown = []): string =>
  runKey({ ...run, ...change }, binds, outside, { ...parts, identity: () => identity });

it("names a RUN by all that it can see, each thing for itself (P25)", () => {
  const keys = [
    keyOf({}),
    keyOf({}, "sha256:other"),
    keyOf({ argv: ["sh", "-c", "y"] }),
    keyOf({ argv: ["sh", "-c x"] }),
    keyOf({ env: ["A=2"] }),
    keyOf({ env: ["A=1", "B="] }),
    keyOf({ cwd: "/w" }),
    keyOf({ user: "1" }),
    keyOf({ network: "none" }),
    keyOf({ scripts: [{ path: "/s", content: "x" }] }),
    keyOf({ mounts: [cache] }),
    keyOf({ mounts: [{ ...cache, id: "j" }] }),
    keyOf({ mounts: [{ type: "tmpfs", target: "/c", size: undefined }] }),
    keyOf({}, "sha256:base", ["content"]),
    keyOf({}, "sha256:base", [], ["host"]),
    runKey(run, [], [], { ...parts, epoch: 1 }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

it("does not name it by its proxies, nor by where a tree stands in the plan", () => {
  expect(keyOf({ unkeyedEnv: ["HTTP_PROXY=x"], root: 7 })).toBe(keyOf({}));
  expect(keyOf({ mounts: [{ ...cache, from: 3 }] })).toBe(keyOf({ mounts: [{ ...cache, from: 4 }] }));
});

it("names a COPY by content and by all of its flags", () => {
  const copy: CopyOperation = {
    kind: "copy",
    root: 0,
    sources: [],
    destination: "/d",
    destinationIsFolder: false,
    chown: undefined,
    chmod: undefined,
    link: false,
    parents: false,
    exclude: [],
  };
  const key = (change: Partial<CopyOperation>, content = "c"): string => copyKey({ ...copy, ...change }, [content], parts);
  const keys = [
    key({}),
    key({}, "other"),
    key({ destination: "/e" }),
    key({ destinationIsFolder: true }),
    key({ chown: "1" }),
    key({ chmod: { form: "octal", mode: 0 } }),
    key({ parents: true }),
    key({ exclude: ["x"] }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});
