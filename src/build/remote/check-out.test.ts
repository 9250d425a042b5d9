import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gitSource } from "../plan/git-source.ts";
import { checkOut } from "./check-out.ts";
import { runGit } from "./run-git.ts";

const folder = mkdtempSync(join(tmpdir(), "dhow-git-"));
const marker = join(folder, "marker");
const never = new AbortController().signal;
const origin = join(folder, "origin");
const git = (...words: string[]): string =>
  execFileSync("git", ["-C", origin, "-c", "user.name=n", "-c", "user.email=e", ...words], { encoding: "utf8" }).trim();

beforeAll(() => {
  mkdirSync(join(origin, "sub"), { recursive: true });
  execFileSync("git", ["init", "-q", "-b", "main", origin]);
  writeFileSync(join(origin, "sub/f"), "in sub");
  symlinkSync("/etc", join(origin, "out"));
  git("add", ".");
  git("commit", "-q", "-m", "one");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** As `checkOut`, from a folder of this host, which Dockerfiles cannot name: the settings are put aside for the test. */
const plain = { ref: undefined, subdirectory: undefined, checksum: undefined, keepGitDir: false, submodules: false };

describe("a repository", () => {
  it("is not taken from this host's files, nor through another program", async () => {
    for (const remote of [`file://${origin}`, origin, `ext::sh -c "touch ${marker}"`]) {
      await expect(checkOut({ ...plain, remote }, join(folder, `a${Math.random()}`), never, async () => {})).rejects.toMatchObject({
        category: "unavailable",
      });
    }
    expect(existsSync(marker)).toBe(false);
  });

  it.each(["http://127.0.0.1:1/r.git", "git://localhost/r.git", "ssh://git@169.254.169.254/r.git", "git@127.0.0.1:r.git"])(
    "is not asked for at %s",
    async (remote) => {
      await expect(checkOut({ ...plain, remote }, join(folder, "local"), never)).rejects.toMatchObject({ category: "forbidden" });
      expect(existsSync(join(folder, "local"))).toBe(false);
    },
  );

  it("gets no option out of an address (P23)", async () => {
    const addresses = [
      "--upload-pack=touch /tmp/p",
      "git://h/r#--upload-pack=touch$IFS/tmp/p:x",
      "https://h/r.git#-x",
      "https://h/r.git#a:../../etc",
    ];
    for (const address of addresses) {
      let source: ReturnType<typeof gitSource>;
      try {
        source = gitSource(address);
      } catch (error) {
        expect(String(error)).toContain("invalid git");
        continue;
      }
      expect(source).toBeUndefined();
    }
    const words = ["fetch", "-q", "--end-of-options", `--upload-pack=touch ${marker};`, "main"];
    await expect(runGit(origin, words, never)).rejects.toMatchObject({ category: "unavailable" });
    expect(existsSync(marker)).toBe(false);
  });

  it("runs no hook and reads no setting of the user's", async () => {
    mkdirSync(join(origin, ".git/hooks"), { recursive: true });
    writeFileSync(join(origin, ".git/hooks/post-checkout"), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
    await runGit(origin, ["checkout", "-q", "--detach", "HEAD"], never);
    expect(existsSync(marker)).toBe(false);
    expect(readFileSync(join(origin, "sub/f"), "utf8")).toBe("in sub");
  });
});
