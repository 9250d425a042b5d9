import { readFileSync } from "node:fs";
import type { SandboxPlanner } from "#container/deps.ts";
import type { DaemonConfig } from "#config/daemon-config.ts";
import { EngineError } from "#errors/engine-error.ts";
import { ociSpec } from "#runtime/oci/spec.ts";
import type { HostFacts, SandboxDefaults } from "#runtime/oci/spec-input.ts";
import { execProcess } from "#runtime/oci/spec/exec-process.ts";
import { lookUpDevices } from "#runtime/oci/spec/host-devices.ts";
import { prepareRootfs } from "#runtime/oci/spec/prepare-rootfs.ts";
import { validateCreate } from "#runtime/oci/spec/validate-create.ts";
import { warningsFor } from "#runtime/oci/spec/warnings.ts";
import { resolveUser } from "#runtime/oci/user.ts";

/** The functions of runtime/oci, as the container noun asks for them. */
export function sandboxPlanner(host: HostFacts): SandboxPlanner {
  return {
    check(config, hostConfig) {
      validateCreate(config, hostConfig, host);
      return warningsFor(hostConfig, host);
    },
    prepareRoot: prepareRootfs,
    resolveUser,
    lookUpDevices,
    spec: ociSpec,
    execProcess,
  };
}

export function sandboxDefaults({ containers }: DaemonConfig): SandboxDefaults {
  return {
    shmSize: containers.shmSize,
    seccompProfile: seccompProfile(containers.seccompProfile),
    noNewPrivileges: containers.noNewPrivileges,
    ulimits: Object.entries(containers.ulimits).map(([name, { soft, hard }]) => ({ name, soft, hard })),
    cgroupNamespace: containers.cgroupnsMode,
    init: false,
  };
}

/** @throws EngineError `invalid` naming the file: a profile that cannot be read must not become none. */
function seccompProfile(setting: string): unknown {
  if (setting === "builtin" || setting === "") return undefined;
  if (setting === "unconfined") return "unconfined";
  try {
    return JSON.parse(readFileSync(setting, "utf8"));
  } catch (cause) {
    throw new EngineError("invalid", `seccomp profile ${setting} cannot be read as JSON`, { cause });
  }
}
