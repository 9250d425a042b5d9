import type { DaemonConfig } from "#config/daemon-config.ts";
import type { DaemonEnvironment } from "#config/env.ts";
import type { LoadedConfig } from "#config/load.ts";
import type { Settings } from "#config/options.ts";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { countFaults } from "./faults.ts";
import { runDaemon } from "./lifecycle.ts";
import { DaemonLogger } from "./logging/logger.ts";
import { watchSignals } from "./signals.ts";
import { stderrSink } from "./logging/stderr-sink.ts";
import { loadTls } from "./listening/tls-files.ts";
import { wire } from "./wire.ts";

export { leave } from "#sys/processes/leave.ts";

/** Checks what the configuration points at. @throws EngineError `invalid`. */
export function checkFiles(config: DaemonConfig): void {
  if (config.api.tls !== undefined) loadTls(config.api.tls);
}

/** Examines the store of a daemon that does not run. @returns the exit code: 1 while something is the matter. */
export async function doctor(config: DaemonConfig, how: string, print: (text: string) => void): Promise<number> {
  const { examineOffline } = await import("./offline-doctor.ts");
  const { text, whole } = await examineOffline(config, how, DaemonLogger.create({ ...config.log, sink: stderrSink() }));
  print(text);
  return whole ? 0 : 1;
}

/**
 * Runs the daemon to its end.
 *
 * @returns the exit code.
 * @throws EngineError when it cannot start.
 */
export async function serve(flags: Settings, loaded: LoadedConfig, environment: DaemonEnvironment): Promise<number> {
  const signals = watchSignals(process, loaded.config.ephemeral === undefined ? undefined : process.stdin);
  const logger = DaemonLogger.create({ ...loaded.config.log, sink: stderrSink() });
  countFaults(logger);
  // What the operator's shell had does not matter: files are made with the modes that the code names.
  process.umask(0o022);
  try {
    const ending = await runDaemon({ environment, logger, signals, wire }, flags, loaded);
    return ending === "stopped" ? 0 : 1;
  } catch (error) {
    throw new EngineError("system", `failed to start daemon: ${messageOf(error)}`, { cause: error });
  }
}
