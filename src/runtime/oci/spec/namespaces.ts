import type { OciLinux } from "#spec/oci-runtime/spec.ts";
import type { SpecInput } from "../spec-input.ts";
import { cgroupMode, ipcMode, pidMode, utsMode } from "./modes.ts";

type Namespace = OciLinux["namespaces"][number];

/**
 * A name space of its own for everything, except what is the host's or another container's. Time is the host's: crun 1.8 fails to
 * start a container that asks for a time and a PID name space together, and runc before 1.2 knows none.
 */
export function containerNamespaces(input: SpecInput): Namespace[] {
  const { hostConfig, joined, netns, host, defaults, userNamespace } = input;
  return [
    ...(userNamespace === undefined ? [] : [{ type: "user" as const, path: userNamespace.path }]),
    { type: "mount" },
    ...one("pid", pidMode(hostConfig.PidMode)?.kind === "host", joined.pid),
    ...one("ipc", ipcMode(hostConfig.IpcMode)?.kind === "host", joined.ipc),
    ...one("uts", utsMode(hostConfig.UTSMode)?.kind === "host", joined.uts),
    ...one("network", netns === undefined, netns),
    ...one("cgroup", cgroupMode(hostConfig, defaults, host.cgroup) === "host"),
  ];
}

/** Only then may the container's start set a host name. */
export function hasOwnUts({ hostConfig, joined }: Pick<SpecInput, "hostConfig" | "joined">): boolean {
  return utsMode(hostConfig.UTSMode)?.kind !== "host" && joined.uts === undefined;
}

function one(type: Namespace["type"], isHost: boolean, path?: string): Namespace[] {
  if (isHost) return [];
  return path === undefined ? [{ type }] : [{ type, path }];
}
