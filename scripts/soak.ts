/**
 * `npm run test:soak`: test/chaos, and what else has full numbers, in those, which takes hours; and its figures as a table at the end.
 *
 *   npm run test:soak                        all of it
 *   npm run test:soak -- random-kills scale  only the files of these names
 *   DHOW_SEED=123 npm run test:soak -- walk  with the seed that an earlier run printed
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "dhow-soak-"));
const figures = join(folder, "figures");
const chosen = process.argv.slice(2);
/** Beside test/chaos. */
const others = ["api/fuzz", "build/mission", "container/copy-races", "container/known-flaws", "container/oom"].map(
  (name) => `test/integration/${name}.test.ts`,
);
const named = (name: string): readonly string[] => [`test/chaos/${name}`, ...others.filter((path) => path.includes(name))];
const files = chosen.length === 0 ? ["test/chaos", ...others] : chosen.flatMap(named);
const runner = ["node_modules/vitest/vitest.mjs", "run", "--project", "integration", "--testTimeout", "7200000", "--hookTimeout", "600000"];
// One file at a time: what is measured shall not be the other file.
const { status } = spawnSync(process.execPath, [...runner, "--no-file-parallelism", ...files], {
  stdio: "inherit",
  env: { ...process.env, DHOW_SOAK: "1", DHOW_SOAK_FIGURES: figures },
});

const rows = existsSync(figures)
  ? readFileSync(figures, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as [string, string])
  : [];
const width = Math.max(0, ...rows.map(([what]) => what.length));
console.log(`\n${"FIGURE".padEnd(width)}  VALUE`);
for (const [what, value] of rows) console.log(`${what.padEnd(width)}  ${value}`);
rmSync(folder, { recursive: true, force: true });
process.exitCode = status ?? 1;
