import { ConfigError } from "../config-error.ts";
import type { ContainersConfig } from "../daemon-config.ts";
import type { Settings } from "../options.ts";

/** Where the tools of vendors put their specifications. */
const CDI_FOLDERS = ["/etc/cdi", "/var/run/cdi"];
const SHM_SIZE = 64 * 1024 * 1024;

export function buildContainers(settings: Settings, cgroupParent: string): ContainersConfig {
  return {
    defaultRuntime: settings["default-runtime"],
    runtimes: settings["add-runtime"] ?? {},
    cdiFolders: settings["cdi-spec-dir"] ?? CDI_FOLDERS,
    cgroupParent: settings["cgroup-parent"] ?? cgroupParent,
    cgroupnsMode: cgroupnsMode(settings["default-cgroupns-mode"] ?? "private"),
    ipcMode: ipcMode(settings["default-ipc-mode"] ?? "private"),
    shmSize: settings["default-shm-size"] ?? SHM_SIZE,
    ulimits: settings["default-ulimit"] ?? {},
    logDriver: settings["log-driver"] ?? "json-file",
    logOptions: settings["log-opt"] ?? {},
    noNewPrivileges: settings["no-new-privileges"] ?? false,
    init: settings.init ?? false,
    initPath: settings["init-path"] || undefined,
    healthOnFailure: healthOnFailure(settings["health-on-failure"] ?? "none"),
    restartDependants: settings["restart-dependants"] ?? false,
    bindOwner: bindOwner(settings["bind-owner"] ?? "container"),
    seccompProfile: settings["seccomp-profile"] ?? "builtin",
  };
}

function bindOwner(value: string): "container" | "auto" {
  if (value === "container" || value === "auto") return value;
  throw new ConfigError(`invalid bind-owner ${JSON.stringify(value)}: use "container" or "auto"`);
}

function healthOnFailure(value: string): "none" | "restart" {
  if (value === "none" || value === "restart") return value;
  throw new ConfigError(`invalid health-on-failure ${JSON.stringify(value)}: use "none" or "restart"`);
}

function cgroupnsMode(mode: string): "host" | "private" {
  if (mode !== "host" && mode !== "private") throw new ConfigError(`invalid default cgroup namespace (${mode}): use "host" or "private"`);
  return mode;
}

function ipcMode(mode: string): "private" | "shareable" {
  if (mode === "private" || mode === "shareable") return mode;
  throw new ConfigError(`IPC mode "${mode}" is not supported as default value; use "shareable" or "private"`);
}
