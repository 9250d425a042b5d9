import { EngineError } from "#errors/engine-error.ts";
import type { OciSpec } from "#spec/oci-runtime/spec.ts";
import { denyDevices } from "#sys/cgroups/cgroup.ts";
import type { DriverContext } from "./context.ts";
import type { Runtime } from "../runtimes.ts";
import { deviceDenials } from "../spec/devices/devices.ts";

/**
 * Takes back what runc lets through by itself (`deviceDenials`), as long as nothing of the image runs. An update of
 * limits does not bring it back: runc leaves the rules alone then.
 *
 * @throws EngineError `system`: the container must not be started then.
 */
export async function refuseDevices({ cgroups }: DriverContext, { kind }: Runtime, { linux }: OciSpec): Promise<void> {
  if (kind !== "runc") return;
  try {
    await denyDevices(cgroups, linux?.cgroupsPath ?? "", deviceDenials(linux?.resources?.devices ?? []));
  } catch (error) {
    throw new EngineError("system", "the devices that runc allows by itself could not be refused", { cause: error });
  }
}
