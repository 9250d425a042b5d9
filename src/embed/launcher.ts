import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { EngineError } from "#errors/engine-error.ts";

/**
 * The program `dhowd` of this package, which brings its own Node: this file lies in `src/` or, bundled, in `dist/`, and is looked up from there.
 *
 * @throws EngineError `not-implemented` where no engine can run.
 */
export function daemonProgram(): string {
  if (process.platform !== "linux") {
    throw new EngineError(
      "not-implemented",
      `an engine runs on Linux only, and this is ${process.platform}: use connect() with one elsewhere`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new EngineError("forbidden", "an engine makes namespaces, mounts and firewall rules, so whoever starts one has to be root");
  }
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const program = join(folder, "bin", "dhowd");
    if (existsSync(program)) return program;
  }
  throw new EngineError("system", "bin/dhowd is missing from the package dhow: install it again");
}
