import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";

const LOADED = "/sys/kernel/security/apparmor/profiles";
/** Compiles a profile and gives it to the kernel: the language has no other compiler. */
const PARSER = ["/usr/sbin/apparmor_parser", "/sbin/apparmor_parser"];
const PARSE_TIMEOUT_MS = 20_000;

/** Whether the kernel knows a profile of that name now. Undefined where it does not say: no AppArmor, or securityfs is not mounted. */
export function isProfileLoaded(name: string): boolean | undefined {
  try {
    return readFileSync(LOADED, "utf8")
      .split("\n")
      .some((line) => line.startsWith(`${name} (`));
  } catch {
    return undefined;
  }
}

/**
 * Loads a profile, or takes the place of the one of its name: also for those that it confines already.
 *
 * @throws Error with the parser's words, or ENOENT where there is no parser.
 */
export async function loadProfile(text: string): Promise<void> {
  const missing = Object.assign(new Error("apparmor_parser is not installed (apt-get install apparmor)"), { code: "ENOENT" });
  for (const program of PARSER) {
    try {
      await parse(program, text);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw missing;
}

function parse(program: string, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { timeout: PARSE_TIMEOUT_MS, env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" }, cwd: "/" };
    const child = execFile(program, ["--replace", "--skip-cache", "--quiet"], options, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else reject(error.code === "ENOENT" ? error : new Error(stderr.trim() || error.message, { cause: error }));
    });
    child.stdin?.on("error", () => {}); // It ended before: the exit says why.
    child.stdin?.end(text);
  });
}
