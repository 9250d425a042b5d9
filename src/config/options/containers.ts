import type { OptionRow } from "./row.ts";

/** What containers get that do not say otherwise. */
export const containersOptions = {
  "add-runtime": { key: "runtimes", type: "runtimes", help: "One more OCI runtime, by name", ready: true },
  "bind-owner": {
    type: "string",
    help: 'Whose files in bind mounts are that do not say ("container": whoever makes them, or "auto": the owner of the folder)',
    default: "container",
    ready: true,
  },
  "cdi-spec-dir": {
    key: "cdi-spec-dirs",
    type: "list",
    help: "Folders with CDI device specifications; those in a later one win",
    default: "/etc/cdi,/var/run/cdi",
    ready: true,
  },
  "cgroup-parent": { type: "string", help: "Cgroup that holds every container's", default: "/dhow", ready: true },
  "cpu-rt-period": { type: "int", help: "Real-time period of the parent cgroup, in microseconds (cgroup v1)" },
  "cpu-rt-runtime": { type: "int", help: "Real-time budget of the parent cgroup, in microseconds (cgroup v1)" },
  "default-cgroupns-mode": {
    type: "string",
    help: 'Cgroup namespace of containers that do not say ("host" or "private")',
    default: "private",
    ready: true,
  },
  "default-ipc-mode": {
    type: "string",
    help: 'IPC namespace of containers that do not say ("private" or "shareable")',
    default: "private",
    ready: true,
  },
  "default-runtime": {
    type: "string",
    help: "OCI runtime of containers that do not say",
    default: "crun if present, else runc",
    ready: true,
  },
  "default-shm-size": { type: "memory", help: "Size of /dev/shm of containers that do not say", default: "64MiB", ready: true },
  "default-ulimit": { key: "default-ulimits", type: "ulimits", help: "Resource limit of containers that do not say", ready: true },
  "exec-opt": { key: "exec-opts", type: "list", help: "Options for starting containers" },
  "health-on-failure": {
    type: "string",
    help: 'What is done about an unhealthy container whose label does not say ("none" or "restart")',
    default: "none",
    ready: true,
  },
  init: { type: "bool", help: "Run an init in every container that does not say", default: "false", ready: true },
  "init-path": { type: "string", help: "The static program that serves as init", default: "tini or catatonit, where present", ready: true },
  "log-driver": { type: "string", help: "Log driver of containers that do not say", default: "json-file", ready: true },
  "log-opt": { key: "log-opts", type: "map", help: "Log driver options of containers that do not say", ready: true },
  "no-new-privileges": { type: "bool", help: "Containers that do not say gain no privileges by execve", default: "false", ready: true },
  "restart-dependants": {
    type: "bool",
    help: "Restart containers with what they depend on (depends_on with restart: true), also when a policy restarts that",
    default: "false",
    ready: true,
  },
  rootless: { type: "bool", help: "Run without root", ready: [false] },
  "seccomp-profile": {
    type: "string",
    help: 'Seccomp profile of containers that do not say: a file, "builtin" or "unconfined"',
    default: "builtin",
    ready: true,
  },
  "selinux-enabled": { type: "bool", help: "Label containers for SELinux", ready: [false] },
  "userns-remap": { type: "string", help: 'Whose subordinate ids containers run as: "default", user[:group] or uid[:gid]', ready: true },
} as const satisfies Record<string, OptionRow>;
