import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { peers } from "../support/peers.ts";

/**
 * docs/reference/run.md against the real client: a row for every flag, no row for a flag that there is not, and a test behind every
 * row. A test is named by its file and by words that stand in it between quotes.
 */
const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/reference/run.md"), "utf8");
const docker = peers()["DOCKER"] ?? "docker";
const hasDocker = spawnSync(docker, ["--version"]).status === 0;

interface Row {
  readonly flag: string;
  readonly does: string;
  readonly file: string;
  readonly test: string;
}

const ROW = /^\|\s*`(--[a-z0-9-]+)`\s*\|\s*(.*?)\s*\|\s*`([^`]+)`: `([^`]+)`\s*\|$/;

function rowsBelow(heading: string): Row[] {
  const section = new RegExp(`^## ${heading}$([^]*?)(?=^## |(?![^]))`, "m").exec(page)?.[1] ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("| `--"));
  return lines.map((line) => {
    const [, flag = "", does = "", file = "", test = ""] = ROW.exec(line) ?? [];
    expect(flag, `a row that cannot be read: ${line}`).not.toBe("");
    return { flag, does, file, test };
  });
}

function flagsOf(command: string): string[] {
  const { stdout } = spawnSync(docker, [command, "--help"], { encoding: "utf8" });
  return [...stdout.matchAll(/^ +(?:-[a-zA-Z], +)?(--[a-z0-9-]+)/gm)].map(([, flag = ""]) => flag);
}

/** As the title of a test, or as the first of a row of a table of tests. */
function hasTest({ file, test }: Row): boolean {
  const path = join(root, file);
  if (!/^(test|src)\/[\w./-]+\.test\.ts$/.test(file) || !existsSync(path)) return false;
  const words = test.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const quote = "[\"'`]";
  return new RegExp(`\\bit[^"'\`]*\\(${quote}${words}|\\[\\s*${quote}${words}${quote},\\s*\\[`).test(readFileSync(path, "utf8"));
}

it("takes a flag among the words of a test for no test", () => {
  const file = "test/integration/container/run-flags.test.ts";
  expect(hasTest({ flag: "", does: "", file, test: "--ulimit" })).toBe(true);
  expect(hasTest({ flag: "", does: "", file, test: "/dev/null:/dev/mine:r" })).toBe(false);
  expect(hasTest({ flag: "", does: "", file, test: "nofile=100:200" })).toBe(false);
});

describe.each([
  ["run", "run, create"],
  ["exec", "exec"],
  ["update", "update"],
])("docker %s", (command, heading) => {
  const rows = rowsBelow(heading);

  it.skipIf(!hasDocker)(`has a row for each flag, and knows every flag of ${command}`, () => {
    const flags = flagsOf(command);
    expect(flags.length).toBeGreaterThan(5);
    expect(rows.map(({ flag }) => flag)).toEqual(flags.toSorted());
  });

  it("says something of each, and has a test that shows it", () => {
    expect(rows.filter(({ does }) => does.length < 4)).toEqual([]);
    expect(rows.filter((row) => !hasTest(row)).map(({ flag, file, test }) => `${flag}: ${file}: ${test}`)).toEqual([]);
  });
});

it.skipIf(!hasDocker)("docker create has no flag that run has not", () => {
  const known = new Set(rowsBelow("run, create").map(({ flag }) => flag));
  expect(flagsOf("create").filter((flag) => !known.has(flag))).toEqual([]);
});
