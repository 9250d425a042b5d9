import { device, pair } from "../flag-values.ts";
import { parseMount, parseVolume } from "../mount.ts";
import { add, asIs, host, hostItem, put, runFlag, runToggle, type RunFlags } from "../run-flag.ts";

/** Which files and devices the container has. */
export const fileFlags: RunFlags = {
  device: runFlag({ value: "list", help: "Add a host device to the container" }, device, hostItem("Devices")),
  "device-cgroup-rule": runFlag(
    { value: "list", help: "Add a rule to the cgroup allowed devices list" },
    asIs,
    hostItem("DeviceCgroupRules"),
  ),
  mount: runFlag(
    { value: "mount", help: "Attach a filesystem mount to the container" },
    parseMount,
    ({ hostConfig }, mount, { currentFolder }) => add(hostConfig, "Mounts", mount(currentFolder)),
  ),
  "read-only": runToggle("Mount the container's root filesystem as read only", host("ReadonlyRootfs")),
  "storage-opt": runFlag({ value: "list", help: "Storage driver options for the container" }, pair, ({ hostConfig }, value) =>
    put(hostConfig, "StorageOpt", value),
  ),
  tmpfs: runFlag({ value: "list", help: "Mount a tmpfs directory" }, asIs, ({ hostConfig }, value) => {
    const [target = "", ...options] = value.split(":");
    put(hostConfig, "Tmpfs", [target, options.join(":")]);
  }),
  volume: runFlag({ value: "list", short: "v", help: "Bind mount a volume" }, asIs, ({ config, hostConfig }, value, { currentFolder }) => {
    const volume = parseVolume(value, currentFolder);
    if ("bind" in volume) add(hostConfig, "Binds", volume.bind);
    else put(config, "Volumes", [volume.anonymous, {}]);
  }),
  "volume-driver": runFlag({ help: "Optional volume driver for the container" }, asIs, host("VolumeDriver")),
  "volumes-from": runFlag({ value: "list", help: "Mount volumes from the specified container(s)" }, asIs, hostItem("VolumesFrom")),
};
