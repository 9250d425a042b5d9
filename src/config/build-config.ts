import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { messageOf } from "#errors/engine-error.ts";
import { rootOf } from "#lib/id-mapping.ts";
import { instanceOf, type Instance } from "#spec/instance.ts";
import { buildApi } from "./sections/api.ts";
import { buildBuilder } from "./sections/builder.ts";
import { buildContainers } from "./sections/containers.ts";
import { buildImages } from "./sections/images.ts";
import { buildLabels, buildLog } from "./sections/log.ts";
import { buildMetrics, buildShutdown } from "./sections/daemon.ts";
import { buildNetwork } from "./sections/network.ts";
import { buildRegistry } from "./sections/registry.ts";
import { buildUserRemap } from "./sections/userns.ts";
import { ConfigError } from "./config-error.ts";
import type { DaemonConfig, Ephemeral } from "./daemon-config.ts";
import type { DaemonEnvironment } from "./env.ts";
import type { Settings } from "./options.ts";
import type { UserRemap } from "./values/userns-remap.ts";

/**
 * Makes the configuration out of what was given, with the defaults for the rest.
 *
 * @throws ConfigError with Docker's texts.
 */
export function buildConfig(settings: Settings, environment: DaemonEnvironment): DaemonConfig {
  const userRemap = buildUserRemap(settings["userns-remap"]);
  const instance = buildInstance(settings, userRemap);
  return deepFreeze({
    instance,
    userRemap,
    pidfile: resolve(settings.pidfile ?? join(instance.execRoot, "dhowd.pid")),
    // Only these two get past the options' own check.
    ephemeral: settings.ephemeral as Ephemeral | undefined,
    log: buildLog(settings),
    shutdown: buildShutdown(settings),
    metrics: buildMetrics(settings["metrics-addr"]),
    labels: buildLabels(settings.label ?? []),
    api: buildApi(settings, environment, instance.execRoot),
    containers: buildContainers(settings, instance.cgroupParent),
    network: buildNetwork(settings),
    images: buildImages(settings, environment),
    builder: buildBuilder(settings.builder),
    registry: buildRegistry(settings),
  });
}

/** What containers of other users have is theirs, and kept apart: as with Docker, in a folder by the numbers of their root. */
function buildInstance(settings: Settings, userRemap: UserRemap | undefined): Instance {
  const name = settings.instance ?? "dhow";
  const usual = rethrow(() => instanceOf(name));
  const dataRoot = root("data-root", settings["data-root"] ?? usual.dataRoot);
  const execRoot = root("exec-root", settings["exec-root"] ?? usual.execRoot);
  if (dataRoot === execRoot) throw new ConfigError(`data-root and exec-root are both ${dataRoot}: want two folders`);
  if (userRemap === undefined) return instanceOf(name, { dataRoot, execRoot });
  const { uid, gid } = rootOf(userRemap.mapping);
  return instanceOf(name, { dataRoot: join(dataRoot, `${uid}.${gid}`), execRoot });
}

function rethrow<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new ConfigError(messageOf(error), { cause: error });
  }
}

/** A folder that becomes the engine's own: its mode is set and what lies in it is taken for the engine's. */
function root(name: string, path: string): string {
  const absolute = resolve(path);
  if (path === "" || absolute.split("/").length < 3)
    throw new ConfigError(`invalid ${name} ${JSON.stringify(path)}: want a folder of the engine's own, as in /var/lib/dhow`);
  return realPath(absolute);
}

/** A link to another disk is followed here, once: mounts are known by their real paths ever after. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const item of Object.values(value))
    if (typeof item === "object" && item !== null && !Object.isFrozen(item)) deepFreeze(item as object);
  return Object.freeze(value);
}
