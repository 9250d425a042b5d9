import { expect, it } from "vitest";
import { differencesOf, differencesText } from "./difference.ts";
import { copyInputs, decodeInputs, encodeInputs, runInputs, workdirInputs } from "./inputs.ts";
import type { CopyOperation, RunOperation } from "../plan/plan.ts";

const copy: CopyOperation = {
  kind: "copy",
  root: 0,
  sources: [],
  destination: "/app",
  destinationIsFolder: true,
  chown: undefined,
  chmod: undefined,
  link: false,
  parents: false,
  exclude: [],
};
const run: RunOperation = {
  kind: "run",
  root: 0,
  argv: ["sh", "-c", "make"],
  env: ["PATH=/bin", "VERSION=1"],
  unkeyedEnv: [],
  cwd: "/",
  user: "",
  mounts: [
    { type: "cache", target: "/c", id: "c", sharing: "shared", from: undefined, source: "/", readOnly: false, uid: 0, gid: 0, mode: 0o755 },
  ],
  network: "default",
  security: "sandbox",
  devices: [],
  scripts: [],
};
const BASE = `sha256:${"1".repeat(64)}`;
const text = (before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string =>
  differencesText(differencesOf(before, now), "the base image x");
const files = (...names: readonly string[]) =>
  copyInputs(copy, [{ digest: "d", listing: names.map((name) => `${name}\n`).join("") }], BASE);

it("names files that were changed, came and went", () => {
  const before = files("aaaaaaaaaaaa src/a.txt", "bbbbbbbbbbbb b c.txt", "cccccccccccc old");
  expect(text(before, files("aaaaaaaaaaaa src/a.txt", "bbbbbbbbbbbc b c.txt", "dddddddddddd new"))).toBe(
    "b c.txt was changed, new is new, old is gone",
  );
  expect(text(before, before)).toBe("");
});

it("names no more than five, and counts the others", () => {
  const names = (digit: string) => files(...Array.from({ length: 9 }, (_, index) => `${digit.repeat(12)} f${index}`));
  expect(text(names("1"), names("2"))).toBe("f0 was changed, f1 was changed, f2 was changed, f3 was changed, f4 was changed, and 4 more");
});

it("names variables, the base, mounts and settings, and shows no value", () => {
  const before = runInputs(run, [""], [], BASE);
  const changed: RunOperation = { ...run, env: ["PATH=/bin", "VERSION=secret", "MORE=1"], user: "web" };
  const now = runInputs(changed, ["other"], [], `sha256:${"2".repeat(64)}`);
  expect(text(before, now)).toBe(
    "the base image x is another (111111111111 before, 222222222222 now), its user is another, the variable VERSION has another value, the variable MORE is new, what is mounted at /c is another",
  );
  expect(encodeInputs(now)).not.toContain("secret");
});

it("keeps inputs as text", () => {
  for (const inputs of [
    files("aaaaaaaaaaaa a  b"),
    runInputs(run, [""], [], BASE),
    workdirInputs({ kind: "workdir", root: 0, path: "/a", user: undefined }, "scratch"),
  ])
    expect(decodeInputs(encodeInputs(inputs))).toEqual(inputs);
});
