import type { DaemonConfig } from "#config/daemon-config.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import { createOciRuntime } from "#runtime/oci/driver/open.ts";
import type { OciRuntime } from "#runtime/oci/driver/driver.ts";
import { installedRuntimes } from "#runtime/oci/runtimes.ts";
import { ensureCgroupMounts, readCgroupHost } from "#sys/cgroups/cgroup.ts";

const MONITOR = "/usr/bin/conmon";

/** The OCI runtimes of the host and of the configuration, behind one driver. @throws EngineError `invalid` when there is none. */
export function wireRuntime({ instance, containers }: DaemonConfig, logger: Logger): Promise<OciRuntime> {
  for (const mounted of ensureCgroupMounts(readCgroupHost()))
    logger.info({ mounted }, "mounted a control group hierarchy that OCI runtimes need");
  const runtimes = { ...installedRuntimes(), ...containers.runtimes };
  const [first] = Object.keys(runtimes);
  const defaultRuntime = containers.defaultRuntime ?? first;
  if (defaultRuntime === undefined)
    throw new EngineError("invalid", "no OCI runtime is installed: install crun or runc (apt-get install crun)");
  return createOciRuntime({ logger: logger.child({ part: "runtime" }) }, { instance, runtimes, defaultRuntime, monitorPath: MONITOR });
}
