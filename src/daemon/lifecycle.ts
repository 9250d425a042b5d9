import type { DaemonConfig } from "#config/daemon-config.ts";
import type { DaemonEnvironment } from "#config/env.ts";
import { loadConfig, type LoadedConfig } from "#config/load.ts";
import type { Settings } from "#config/options.ts";
import { applyReload } from "#config/reload.ts";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { rootOf } from "#lib/id-mapping.ts";
import type { Listener } from "#http/listen.ts";
import { notify } from "#sys/host/sd-notify.ts";
import type { Engine } from "./engine.ts";
import { listenTargets } from "./listening/targets.ts";
import { openListeners } from "./listening/listeners.ts";
import { keepCompiled } from "./keep-compiled.ts";
import { LiveConfig } from "./live-config.ts";
import type { DaemonLogger } from "./logging/logger.ts";
import { claimPidFile } from "./roots/pidfile.ts";
import { lockRoot } from "./roots/root-lock.ts";
import { claimExecRoot } from "./roots/exec-root.ts";
import { prepareRoots, removeRoot } from "./roots/roots.ts";
import type { Signals } from "./signals.ts";
import { socketGroup } from "./listening/socket-group.ts";
import { claimSubordinateIds } from "./roots/subordinate-ids.ts";
import { loadTls } from "./listening/tls-files.ts";
import { trimWhenQuiet } from "./trim-when-quiet.ts";

export interface DaemonDeps {
  readonly environment: DaemonEnvironment;
  readonly logger: DaemonLogger;
  readonly signals: Signals;
  /** Builds the engine (`wire.ts`). */
  readonly wire: (config: LiveConfig, logger: DaemonLogger, bootId: string | undefined) => Promise<Engine>;
}

/** A daemon that serves. */
interface Running {
  readonly engine: Engine;
  readonly listeners: readonly Listener[];
  readonly config: LiveConfig;
  /** Gives back what keeps other daemons away. */
  release(): void;
}

/**
 * The whole life of a daemon, from an accepted configuration to its end.
 *
 * @param flags are read again, with the file, at each reload.
 * @throws EngineError when it cannot start; nothing is left behind then.
 */
export async function runDaemon(deps: DaemonDeps, flags: Settings, loaded: LoadedConfig): Promise<"stopped" | "hurried"> {
  const { logger, signals } = deps;
  const running = await startDaemon(deps, loaded);
  signals.onReload(reloader(deps, flags, loaded, running));
  tellManager(deps, "READY=1");
  const reason = await signals.stop;
  logger.info({ reason }, "stopping");
  tellManager(deps, "STOPPING=1");
  const ending = await Promise.race([
    stopDaemon(running, logger).then(() => "stopped" as const),
    signals.hurry.then(() => "hurried" as const),
  ]);
  running.release();
  if (ending === "stopped") await removeEphemeral(loaded.config, logger);
  logger.info({}, ending === "stopped" ? "stopped" : "stopped without waiting for what was under way");
  return ending;
}

async function startDaemon(deps: DaemonDeps, { config }: LoadedConfig): Promise<Running> {
  const { logger, environment } = deps;
  if (process.getuid?.() !== 0) throw new EngineError("forbidden", "dhowd needs to be started with root privileges");
  const tls = config.api.tls === undefined ? undefined : loadTls(config.api.tls);
  const gid = socketGroup(config.api.group, logger);
  const targets = listenTargets(config.api, { gid, tls, listenFds: environment.listenFds });
  prepareRoots(config.instance, gid, config.userRemap && rootOf(config.userRemap.mapping));
  claimSubordinateIds(config.userRemap);
  using claims = new DisposableStack();
  const pidFile = claimPidFile(config.pidfile, process.pid);
  claims.defer(() => pidFile.release());
  claims.defer(lockRoot(config.instance.dataRoot, "data root"));
  claims.defer(lockRoot(config.instance.execRoot, "exec root"));
  claimExecRoot(config.instance);
  const live = new LiveConfig(config);
  const open = await openListeners(targets, tls !== undefined);
  const listeners = open.map(({ listener }) => listener);
  for (const listener of listeners) claims.defer(() => listener.close());
  const engine = await deps.wire(live, logger, environment.testBootId);
  for (const held of open) held.serveWith((listener) => engine.serve(listener));
  for (const { address } of listeners) logger.info({}, `API listen on ${address}`);
  claims.defer(trimWhenQuiet());
  claims.defer(keepCompiled());
  const kept = claims.move();
  return { engine, listeners, config: live, release: () => kept.dispose() };
}

/** Never rejects: what goes wrong at the end is told, and the end comes all the same. */
async function stopDaemon({ engine, listeners, config }: Running, logger: DaemonLogger): Promise<void> {
  for (const listener of listeners) listener.close();
  if (config.current.ephemeral !== undefined) {
    await engine.clear().catch((error: unknown) => logger.error({ error }, "containers and networks could not be removed"));
  }
  await engine.close().catch((error: unknown) => logger.error({ error }, "the engine could not be closed"));
}

async function removeEphemeral({ ephemeral, instance: { dataRoot, execRoot } }: DaemonConfig, logger: DaemonLogger): Promise<void> {
  if (ephemeral === undefined) return;
  await removeRoot(execRoot, logger);
  if (ephemeral === "all") await removeRoot(dataRoot, logger);
}

/** A file that is not accepted changes nothing: the daemon runs on as it was. */
function reloader(deps: DaemonDeps, flags: Settings, initial: LoadedConfig, { config, engine }: Running): () => void {
  const { environment, logger } = deps;
  let before = initial;
  return () => {
    try {
      const after = applyReload(before, loadConfig(flags, environment), environment);
      before = after;
      logger.setLevel(after.config.log.level);
      config.replace(after.config);
      if (after.waiting.length > 0) logger.warn({ waiting: after.waiting }, "some of the changed configuration waits for a restart");
      logger.info({}, "configuration reloaded");
      engine.reloaded();
    } catch (error) {
      logger.error({ error: messageOf(error) }, "the configuration was not reloaded");
    }
  };
}

/** systemd may have gone away, or never have been there: no reason not to run. */
function tellManager({ environment: { notifySocket }, logger }: DaemonDeps, message: string): void {
  if (notifySocket === undefined) return;
  try {
    notify(notifySocket, message);
  } catch (error) {
    logger.warn({ error: messageOf(error) }, "the service manager could not be told");
  }
}
