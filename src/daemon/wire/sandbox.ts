import { readFileSync } from "node:fs";
import type { SandboxPlanner } from "#container/deps.ts";
import type { DaemonConfig } from "#config/daemon-config.ts";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { ociSpec } from "#runtime/oci/spec.ts";
import type { HostFacts, SandboxDefaults } from "#runtime/oci/spec-input.ts";
import { profileFor } from "#runtime/oci/apparmor/profile.ts";
import { parseSecurityOptions } from "#runtime/oci/spec/process/security-options.ts";
import { customSeccomp } from "#runtime/oci/seccomp/custom.ts";
import { defaultCapabilities } from "#runtime/oci/spec/process/capabilities.ts";
import { execProcess } from "#runtime/oci/spec/process/exec-process.ts";
import { supportedLimits } from "#runtime/oci/spec/host-support.ts";
import { lookUpDevices } from "#runtime/oci/spec/devices/host-devices.ts";
import { prepareRootfs } from "#runtime/oci/spec/mounts/prepare-rootfs.ts";
import { wantsInit } from "#runtime/oci/spec/process/process.ts";
import { unsupportedFields } from "#runtime/oci/spec/unsupported.ts";
import { validateCreate } from "#runtime/oci/spec/validate-create.ts";
import { warningsFor } from "#runtime/oci/spec/warnings.ts";
import { resolveUser } from "#runtime/oci/user.ts";

/** The functions of runtime/oci, as the container noun asks for them. */
export function sandboxPlanner(host: HostFacts, cdiFolders: readonly string[]): SandboxPlanner {
  return {
    check(config, hostConfig) {
      unsupportedFields(hostConfig);
      validateCreate(config, hostConfig, host);
      return warningsFor(hostConfig, host);
    },
    supported: (hostConfig) => supportedLimits(hostConfig, host),
    prepareRoot: prepareRootfs,
    resolveUser,
    lookUpDevices: async (hostConfig) => await lookUpDevices(hostConfig, cdiFolders),
    wantsInit,
    apparmorProfile: ({ SecurityOpt, Privileged }, defaults) =>
      profileFor(parseSecurityOptions(SecurityOpt).apparmor, Privileged === true, defaults.apparmorProfile),
    spec: ociSpec,
    execProcess,
  };
}

/** @throws EngineError `invalid` for a seccomp profile that is broken. */
export function sandboxDefaults({ containers }: DaemonConfig, host: HostFacts): SandboxDefaults {
  return {
    shmSize: containers.shmSize,
    seccompProfile: seccompProfile(containers.seccompProfile, host),
    noNewPrivileges: containers.noNewPrivileges,
    ulimits: Object.entries(containers.ulimits).map(([name, { soft, hard }]) => ({ name, soft, hard })),
    cgroupNamespace: containers.cgroupnsMode,
    init: containers.init,
  };
}

/** A profile that cannot be used must not become none, and not be found out at the first container's start. */
function seccompProfile(setting: string, host: HostFacts): unknown {
  if (setting === "builtin" || setting === "") return undefined;
  if (setting === "unconfined") return "unconfined";
  try {
    const text = readFileSync(setting, "utf8");
    customSeccomp(text, { ...host, capabilities: defaultCapabilities });
    // Parsed once here, and not at every start.
    return parseJsonText(text);
  } catch (cause) {
    throw new EngineError("invalid", `seccomp-profile ${setting} cannot be used: ${messageOf(cause)}`, { cause });
  }
}
