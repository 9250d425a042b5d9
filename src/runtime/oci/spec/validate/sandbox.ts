import { posix } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { DOCKERS_PROFILE } from "../../apparmor/profile.ts";
import { customSeccomp } from "../../seccomp/custom.ts";
import type { HostFacts } from "../../spec-input.ts";
import { containerCapabilities, validateCapabilities } from "../process/capabilities.ts";
import { parseDeviceRule } from "../devices/devices.ts";
import { ipcMode, pidMode, utsMode } from "../modes.ts";
import { refuseReservedTarget } from "../mounts/reserved-targets.ts";
import { validateUlimits } from "../process/rlimits.ts";
import { parseSecurityOptions } from "../process/security-options.ts";
import { validateSysctls } from "../sysctls.ts";
import { tmpfsOptions } from "../mounts/tmpfs-options.ts";

/** crun would put somebody's own program in the place of the seccomp profile that was asked for. */
const SECCOMP_ANNOTATIONS = "run.oci.seccomp";

/** Everything that widens or narrows the sandbox. @throws EngineError `invalid`. */
export function validateSandbox(hostConfig: HostConfig, host: HostFacts): void {
  validateModes(hostConfig);
  validateCapabilities(hostConfig, host.capabilities);
  validateUlimits(hostConfig, host);
  validateSysctls(hostConfig);
  validateSecurityOptions(hostConfig, host);
  validateOomScore(hostConfig, host);
  validateTmpfs(hostConfig);
  validateDevices(hostConfig);
  for (const name of Object.keys(hostConfig.Annotations ?? {})) validateAnnotation(name);
}

function validateModes(hostConfig: HostConfig): void {
  if (ipcMode(hostConfig.IpcMode) === undefined) throw invalid(`invalid IPC mode: ${hostConfig.IpcMode}`);
  if (pidMode(hostConfig.PidMode) === undefined) throw invalid(`invalid PID mode: ${hostConfig.PidMode}`);
  if (utsMode(hostConfig.UTSMode) === undefined) throw invalid(`invalid UTS mode: ${hostConfig.UTSMode}`);
  const cgroups: string = hostConfig.CgroupnsMode ?? "";
  if (!["", "private", "host"].includes(cgroups)) throw invalid(`invalid cgroup namespace mode: ${cgroups}`);
}

/** A profile is parsed now: at the start it would be too late to say no. */
function validateSecurityOptions(hostConfig: HostConfig, host: HostFacts): void {
  const { seccomp, apparmor } = parseSecurityOptions(hostConfig.SecurityOpt);
  if (seccomp !== undefined && seccomp !== "unconfined" && seccomp !== "builtin") {
    const capabilities = containerCapabilities(hostConfig, host.capabilities);
    customSeccomp(seccomp, { architecture: host.architecture, capabilities, kernel: host.kernel });
  }
  if (apparmor !== undefined && apparmor !== "unconfined") validateProfile(apparmor, host);
}

/** What the kernel does not know now would fail at the start, in the runtime's words. */
function validateProfile(name: string, { apparmor, isProfileLoaded }: HostFacts): void {
  const option = `invalid --security-opt "apparmor=${name}"`;
  if (apparmor !== true) throw invalid(`${option}: AppArmor is not enabled on this host`);
  if (name === DOCKERS_PROFILE || isProfileLoaded?.(name) !== false) return;
  throw invalid(`${option}: no such profile is loaded (apparmor_parser -r FILE loads one, aa-status lists them)`);
}

function validateOomScore({ OomScoreAdj = 0 }: HostConfig, host: HostFacts): void {
  const least = host.oomScoreAdj ?? 0;
  if (OomScoreAdj !== 0 && OomScoreAdj < least && !host.capabilities.includes("CAP_SYS_RESOURCE")) {
    throw invalid(`invalid oom score adj ${OomScoreAdj}: the daemon runs with ${least} and cannot go lower without CAP_SYS_RESOURCE`);
  }
}

function validateTmpfs({ Tmpfs, Privileged }: HostConfig): void {
  for (const [target, options] of Object.entries(Tmpfs ?? {})) {
    if (!target.startsWith("/") || target.includes("\0")) throw invalid(`invalid mount path: '${target}' mount path must be absolute`);
    refuseReservedTarget({ type: "tmpfs", target: posix.resolve("/", target), source: "" }, Privileged === true);
    tmpfsOptions(options.split(","));
  }
}

function validateDevices({ Devices, DeviceCgroupRules }: HostConfig): void {
  for (const rule of DeviceCgroupRules ?? []) parseDeviceRule(rule);
  for (const { PathOnHost = "", PathInContainer = "", CgroupPermissions = "" } of Devices ?? []) {
    for (const path of [PathOnHost, PathInContainer === "" ? PathOnHost : PathInContainer]) {
      if (!path.startsWith("/") || path.includes("\0")) throw invalid(`invalid device path: '${path}' must be absolute`);
    }
    if (!/^[rwm]{0,3}$/.test(CgroupPermissions)) throw invalid(`invalid device mode: ${CgroupPermissions}`);
  }
}

function validateAnnotation(name: string): void {
  if (name === "") throw invalid("invalid Annotations: the empty string is not permitted as an annotation key");
  if (name.startsWith(SECCOMP_ANNOTATIONS))
    throw invalid(`invalid Annotations: ${name} would replace the seccomp profile; use --security-opt seccomp=…`);
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message);
}
