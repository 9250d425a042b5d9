import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { claimExecRoot } from "./exec-root.ts";

const execRoot = mkdtempSync(join(tmpdir(), "exec-root-"));
afterEach(() => rmSync(execRoot, { recursive: true, force: true }));

it("lets the data root change when nothing runs, and not while something does", () => {
  claimExecRoot({ execRoot, dataRoot: "/data/one" });
  claimExecRoot({ execRoot, dataRoot: "/data/two" });
  mkdirSync(join(execRoot, "bundles/abc"), { recursive: true });
  claimExecRoot({ execRoot, dataRoot: "/data/two" });
  expect(() => claimExecRoot({ execRoot, dataRoot: "/data/one" })).toThrow("containers of /data/two are still running");
});
