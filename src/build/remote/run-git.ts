import { spawn } from "node:child_process";
import { EngineError } from "#errors/engine-error.ts";
import { withoutCredentials } from "./redact.ts";

const MOST_OUTPUT = 64 * 1024;

/** No file:// and no ext::, whatever a repository's submodules say; no hooks; nothing that a user of this host has set up. */
const SAFE = [
  "protocol.allow=never",
  ...["https", "http", "ssh", "git"].map((name) => `protocol.${name}.allow=always`),
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "init.templateDir=",
  "init.defaultBranch=main",
  "transfer.fsckObjects=true",
  "advice.detachedHead=false",
  "http.followRedirects=initial",
  "gc.auto=0",
].flatMap((setting) => ["-c", setting]);

const ENVIRONMENT = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  LC_ALL: "C",
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_ASKPASS: "/bin/false",
  GIT_SSH_COMMAND: "ssh -F /dev/null -o BatchMode=yes",
};

/**
 * Runs git in a folder of the build's own, with nothing of the daemon's environment.
 *
 * @returns what it printed. @throws EngineError `unavailable` with its words, `not-implemented` where the host has no git, `cancelled`.
 */
export async function runGit(folder: string, words: readonly string[], signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const child = spawn("git", [...SAFE, ...words], { cwd: folder, env: ENVIRONMENT, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const kill = (): void => {
    // Its helpers, too, which are of its group.
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  signal.addEventListener("abort", kill, { once: true });
  try {
    const [code, output, complaint] = await Promise.all([ended(child), collected(child.stdout), collected(child.stderr)]);
    if (signal.aborted) throw new EngineError("cancelled", "the build was cancelled", { cause: signal.reason });
    if (code !== 0)
      throw new EngineError("unavailable", `git ${words[0] ?? ""}: ${withoutCredentials(complaint.trim()) || `exit code ${code}`}`);
    return output;
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

function ended(child: ReturnType<typeof spawn>): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on("error", (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === "ENOENT"
          ? new EngineError("not-implemented", "this host has no git: install it to build from repositories", { cause })
          : cause,
      );
    });
    child.on("close", resolve);
  });
}

async function collected(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const piece of stream) if (text.length < MOST_OUTPUT) text += String(piece);
  return text;
}
