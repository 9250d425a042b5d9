import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/** docs/reference/trust.md: a row for everything that was asked, and behind each row tests that are there, and are named after it. */
const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/reference/trust.md"), "utf8");

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `P${String(from + index).padStart(2, "0")}`);
/** Of the threat model: images, sandboxes and the API, then survival. */
const REQUIREMENTS = [...numbers(1, 16), ...numbers(31, 42)];
/** Its tables of image configurations, runtimes and sandboxes, and of files, execs and volumes: every number in them. */
const FLAWS = `
  CVE-2016-3697 CVE-2024-40635 CVE-2026-46680 CVE-2026-30892 CVE-2022-36109 CVE-2023-25173 CVE-2022-2989 CVE-2022-2990 CVE-2024-9676
  CVE-2026-47262 GHSA-72x6 CVE-2026-53488 CVE-2025-23266 CVE-2022-23648 CVE-2020-1726 CVE-2023-0778 CVE-2014-6408 CVE-2016-8867
  CVE-2022-24769 CVE-2022-27649 CVE-2022-27650 CVE-2022-29162
  CVE-2019-5736 CVE-2024-21626 CVE-2016-9962 CVE-2019-16884 CVE-2019-19921 CVE-2023-27561 CVE-2023-28642 CVE-2021-30465 CVE-2024-45310
  CVE-2025-31133 CVE-2025-52565 CVE-2025-52881 CVE-2026-41579 CVE-2026-47766 CVE-2023-25809 CVE-2022-0492 CVE-2022-0811 CVE-2018-10892
  GHSA-jq35 GHSA-6fw5 CVE-2020-15257 CVE-2026-31431 CVE-2022-1227 CVE-2019-14271 podman#25104
  CVE-2018-15664 CVE-2019-10152 CVE-2026-41568 CVE-2026-42306 moby#52653 CVE-2022-31030 CVE-2025-64329 CVE-2026-53495 moby@4f84bcb967
  CVE-2025-0750 CVE-2021-25741`
  .trim()
  .split(/\s+/);

interface Row {
  readonly id: string;
  readonly says: string;
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

const rows: readonly Row[] = page
  .split("\n")
  .filter((line) => /^\| (?:P\d\d|CVE-|GHSA-|moby|podman)/.test(line))
  .map((line) => {
    const [, id = "", says = "", tests = ""] = line.split("|").map((cell) => cell.trim());
    const named = [...tests.matchAll(/`([^`]+\.test\.ts|[^`]+\/stage\.ts)`: `([^`]+)`/g)];
    return { id, says, tests: named.map(([, file = "", title = ""]) => ({ file, title })) };
  });

/** The titles of a file's tests and suites, as they stand in it; of a template the beginning. */
function titlesOf(file: string): string[] {
  const text = existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "";
  const opened = /(?:\b(?:it|test|describe)(?:\.\w+)*\(|(?:\]|\]\w*|\w|\))\)\()\s*(?:"((?:\\.|[^"\\])*)"|`((?:[^`$\\]|\\.)*))/g;
  return [...text.matchAll(opened)].map(([, plain, template]) => plain ?? template ?? "");
}

describe("the table of what can be trusted", () => {
  it("has a row for each requirement, and each flaw of other engines", () => {
    expect(rows.map(({ id }) => id).toSorted((a, b) => a.localeCompare(b))).toEqual(
      [...REQUIREMENTS, ...FLAWS].toSorted((a, b) => a.localeCompare(b)),
    );
  });

  it.each(rows)("$id: its tests are there, and one is named after it", ({ id, says, tests }) => {
    expect(says.length).toBeGreaterThan(10);
    expect(tests.length).toBeGreaterThan(0);
    const missing = tests.filter(({ file, title }) => !titlesOf(file).some((found) => found.startsWith(title)));
    expect(missing).toEqual([]);
    const bare = (text: string): string => text.replaceAll(/[ #@]/g, "");
    expect(tests.some(({ title }) => new RegExp(`${bare(id)}(?!\\d)`).test(bare(title)))).toBe(true);
  });

  it("takes words that stand in a test for no test", () => {
    const titles = titlesOf("test/integration/container/known-flaws.test.ts");
    expect(titles).toContain("CVE-2026-30892: exec -u 1 is user 1");
    expect(titles).not.toContain("evil:accounts");
    expect(titlesOf("no/such.test.ts")).toEqual([]);
  });
});
