import { oneOf, pair, restartPolicy } from "../flag-values.ts";
import type { CreateRequest, FlagContext } from "../request.ts";
import { add, asIs, host, hostItem, put, runFlag, runToggle, type RunFlags } from "../run-flag.ts";

/** What the container may do, and how it is kept. */
export const securityFlags: RunFlags = {
  "cap-add": runFlag({ value: "list", help: "Add Linux capabilities" }, asIs, hostItem("CapAdd")),
  "cap-drop": runFlag({ value: "list", help: "Drop Linux capabilities" }, asIs, hostItem("CapDrop")),
  cgroupns: runFlag({ help: "Cgroup namespace to use (host|private)" }, oneOf("host", "private"), host("CgroupnsMode")),
  "group-add": runFlag({ value: "list", help: "Add additional groups to join" }, asIs, hostItem("GroupAdd")),
  ipc: runFlag({ help: "IPC mode to use" }, asIs, host("IpcMode")),
  "log-driver": runFlag({ help: "Logging driver for the container" }, asIs, ({ hostConfig }, value) => {
    hostConfig.LogConfig = { ...hostConfig.LogConfig, Type: value as "none" };
  }),
  "log-opt": runFlag({ value: "list", help: "Log driver options" }, pair, ({ hostConfig }, [name, value]) => {
    hostConfig.LogConfig = { ...hostConfig.LogConfig, Config: { ...hostConfig.LogConfig?.Config, [name]: value } };
  }),
  pid: runFlag({ help: "PID namespace to use" }, asIs, host("PidMode")),
  privileged: runToggle("Give extended privileges to this container", host("Privileged")),
  restart: runFlag(
    { help: "Restart policy to apply when a container exits: no, always, unless-stopped, on-failure[:most]" },
    restartPolicy,
    host("RestartPolicy"),
  ),
  runtime: runFlag({ help: "Runtime to use for this container" }, asIs, host("Runtime")),
  "security-opt": runFlag({ value: "list", help: "Security Options" }, asIs, addSecurityOption),
  sysctl: runFlag({ value: "map", help: "Sysctl options" }, pair, ({ hostConfig }, value) => put(hostConfig, "Sysctls", value)),
  userns: runFlag({ help: "User namespace to use" }, asIs, host("UsernsMode")),
  uts: runFlag({ help: "UTS namespace to use" }, asIs, host("UTSMode")),
};

/** A seccomp profile is a file of the user's: its content is what the daemon wants. */
function addSecurityOption({ hostConfig }: CreateRequest, text: string, { readText }: FlagContext): void {
  const [, profile] = /^seccomp[=:](.*)$/s.exec(text) ?? [];
  const isFile = profile !== undefined && profile !== "unconfined" && profile !== "builtin";
  add(hostConfig, "SecurityOpt", isFile ? `seccomp=${readText(profile)}` : text);
}
