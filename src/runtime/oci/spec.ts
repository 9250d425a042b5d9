import { EngineError } from "#errors/engine-error.ts";
import type { OciLinux, OciSpec } from "#spec/oci-runtime/spec.ts";
import { withInjection } from "./cdi/inject.ts";
import { seccompChoice, type SeccompChoice } from "./seccomp/choice.ts";
import type { SpecInput } from "./spec-input.ts";
import { containerCapabilities } from "./spec/process/capabilities.ts";
import { deviceNodes } from "./spec/devices/devices.ts";
import { pathProtection } from "./spec/mounts/masked-paths.ts";
import { containerMounts } from "./spec/mounts/mounts.ts";
import { containerNamespaces, hasOwnUts } from "./spec/namespaces.ts";
import { containerProcess } from "./spec/process/process.ts";
import { containerResources } from "./spec/resources.ts";
import { parseSecurityOptions } from "./spec/process/security-options.ts";
import { containerSysctls } from "./spec/sysctls.ts";

/**
 * The sandbox of a container, as its runtime reads it: a pure function of what was asked for and what was looked up before.
 * The request has passed `validateCreate`; what is wrong with it anyway is still refused, never guessed.
 */
export function ociSpec(input: SpecInput): OciSpec {
  const { hostConfig } = input;
  const options = parseSecurityOptions(hostConfig.SecurityOpt);
  const capabilities = containerCapabilities(hostConfig, input.host.capabilities);
  const seccomp = seccompChoice(input, options, capabilities);
  const spec: OciSpec = {
    ociVersion: "1.0.2",
    ...(hasOwnUts(input) ? { hostname: input.hostname, ...remappedDomain(input) } : {}),
    process: containerProcess(input, capabilities, options),
    root: { path: input.rootfs, readonly: hostConfig.ReadonlyRootfs === true },
    mounts: containerMounts(input, options),
    annotations: { ...hostConfig.Annotations, ...seccomp.annotations },
    linux: linuxSection(input, seccomp),
  };
  return withInjection(spec, input.devices?.injection);
}

/** The sysctl that says it otherwise belongs to the host's root. */
function remappedDomain({ config, userNamespace, host }: SpecInput): Pick<OciSpec, "domainname"> {
  const domain = config.Domainname ?? "";
  if (domain === "" || userNamespace === undefined) return {};
  if (host.runtime === "runc") throw new EngineError("invalid", "Config.Domainname: runc before 1.2 cannot set it in a user namespace");
  return { domainname: domain };
}

function linuxSection(input: SpecInput, { section: seccomp }: SeccompChoice): OciLinux {
  // In a user namespace nodes cannot be made: they are bound (spec/mounts.ts).
  const devices = input.userNamespace === undefined ? deviceNodes(input) : [];
  return {
    namespaces: containerNamespaces(input),
    ...idMappings(input),
    ...(devices.length === 0 ? {} : { devices }),
    cgroupsPath: input.cgroupPath,
    resources: containerResources(input),
    sysctl: containerSysctls(input),
    ...(seccomp === undefined ? {} : { seccomp }),
    ...pathProtection(input),
    ...rootPropagation(input),
  };
}

/** runc wants to be told, also of a namespace that it only joins. */
function idMappings({ userNamespace }: SpecInput): Pick<OciLinux, "uidMappings" | "gidMappings"> {
  if (userNamespace === undefined) return {};
  const { uids, gids } = userNamespace.mapping;
  return { uidMappings: [...uids], gidMappings: [...gids] };
}

/** A mount can only be shared with the host, or follow it, when the root is no less open. */
function rootPropagation({ mounts }: SpecInput): Pick<OciLinux, "rootfsPropagation"> {
  const wanted = new Set(mounts.map(({ propagation }) => propagation.replace(/^r/, "")));
  if (wanted.has("shared")) return { rootfsPropagation: "shared" };
  return wanted.has("slave") ? { rootfsPropagation: "rslave" } : {};
}
