import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bindMount, runtimes, SandboxTrials } from "#test/support/sandbox-trials.ts";

/** Starts while somebody changes a volume that the container shares (CVE-2021-30465, CVE-2023-28642, CVE-2024-45310). */
const ROUNDS = 8;
/** No word of any runtime's complaints. */
const CANARY = "8bd1c29e-of-the-host";

/** Makes `a` a folder and a link to the target by turns, as fast as it can. */
const FLIP = `
import os, sys
os.chdir(sys.argv[1])
while True:
  try:
    os.rename('a', 'kept'); os.symlink(sys.argv[2], 'a')
    os.unlink('a'); os.rename('kept', 'a')
  except OSError: pass
`;

let trials: SandboxTrials;
beforeAll(() => {
  trials = new SandboxTrials();
});
afterAll(() => trials[Symbol.dispose]());

describe.each(runtimes)("starting with %s beside a volume that changes", (runtime) => {
  it("CVE-2021-30465, CVE-2023-28642, CVE-2024-45310: mounts into it, and nowhere on the host", { timeout: 120_000 }, async () => {
    const [shared, other, canary] = [trials.makeFolder("shared"), trials.makeFolder("other"), trials.makeFolder("canary")];
    writeFileSync(join(canary, "canary"), CANARY);
    mkdirSync(join(shared, "a"));
    const flipper: ChildProcess = spawn("python3", ["-c", FLIP, shared, canary], { stdio: "ignore" });
    try {
      const mounts = [bindMount(shared, "/vol"), bindMount(other, "/vol/a/b")];
      for (let round = 0; round < ROUNDS; round++) {
        const { out } = await trials.run(
          runtime,
          { mounts },
          "cat /vol/a/canary 2>/dev/null; touch /vol/a/b/x 2>/dev/null; cat /proc/self/comm",
        );
        expect(out).not.toContain(CANARY);
      }
    } finally {
      flipper.kill("SIGKILL");
    }
    expect(readdirSync(canary)).toEqual(["canary"]);
  });
});
