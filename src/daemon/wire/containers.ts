import type { ContainerDeps } from "#container/deps.ts";
import { createContainerService, type ContainerService } from "#container/service.ts";
import { hostSharedMemory } from "#container/run/sharing/shared-memory.ts";
import { hostUserNamespaces } from "#container/run/sharing/user-namespaces.ts";
import { FileLogReader } from "#logs/read/file-reader.ts";
import { defaultMaskedPaths, defaultReadonlyPaths } from "#runtime/oci/spec/mounts/masked-paths.ts";
import type { HostFacts } from "#runtime/oci/spec-input.ts";
import { isProfileLoaded } from "#sys/host/apparmor.ts";
import type { NounParts } from "./nouns.ts";
import { sandboxDefaults, sandboxPlanner } from "./sandbox.ts";

type Given = "logKeeper" | "trees" | "runtime" | "snapshots" | "files" | "images" | "networks" | "volumes" | "onGone";

/** Containers over everything else. */
export function wireContainers(parts: NounParts, given: Pick<ContainerDeps, Given>): ContainerService {
  const { config, database, events, logger, description } = parts;
  const { instance, containers, userRemap } = config.current;
  const host: HostFacts = { ...parts.host, runtime: given.runtime.features.runtimes[0]?.name ?? "", isProfileLoaded };
  const { metrics } = parts;
  const onAction = metrics && ((action: string, seconds: number) => metrics.containerActions.observe(action, seconds));
  return createContainerService(
    {
      ...given,
      onAction,
      database,
      events,
      logger,
      logs: new FileLogReader(),
      sandbox: sandboxPlanner(host, containers.cdiFolders),
      sharedMemory: hostSharedMemory,
      userNamespaces: userRemap && hostUserNamespaces(userRemap.mapping),
    },
    {
      instance: { ...instance, cgroupParent: containers.cgroupParent === "" ? instance.cgroupParent : containers.cgroupParent },
      host,
      defaults: { ...sandboxDefaults(config.current, host), apparmorProfile: parts.apparmorProfile },
      hostname: description.hostname,
      logDefaults: { driver: containers.logDriver, options: containers.logOptions },
      ipcMode: containers.ipcMode,
      healthOnFailure: containers.healthOnFailure,
      restartDependants: containers.restartDependants,
      initPath: parts.initPath,
      maskedPaths: defaultMaskedPaths(host),
      readonlyPaths: defaultReadonlyPaths,
    },
  );
}
