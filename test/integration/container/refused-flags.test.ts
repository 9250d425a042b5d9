import { expect, it, describe } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

/** Flags of `docker run`, and values of them, that cannot be honoured: refused by name, with dockerd's words where it refuses them as well. */
const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);
const refused = async (flags: readonly string[]): Promise<string> => {
  const { code, stderr } = await docker.run(["run", "--rm", ...flags, BUSYBOX, "true"]);
  // 1 where the client itself knows better than to ask.
  expect(code).toBeOneOf([1, 125]);
  return stderr;
};

describe("a flag that is refused says why", () => {
  it.each<[title: string, flags: string[], message: string | RegExp]>([
    ["--gpus without a driver for them", ["--gpus", "all"], 'could not select device driver "" with capabilities: [[gpu]]'],
    [
      "--device by CDI without a specification",
      ["--device", "example.com/device=one"],
      "CDI device injection failed: unresolvable CDI devices example.com/device=one",
    ],
    [
      "--device that is none",
      ["--device", "/etc/passwd"],
      'error gathering device information while adding custom device "/etc/passwd": not a device node',
    ],
    ["--storage-opt", ["--storage-opt", "size=1g"], "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"],
    ["--isolation", ["--isolation", "hyperv"], "invalid isolation (hyperv): linux only supports 'default'"],
    ["--cpu-count and --cpu-percent", ["--cpu-count", "1"], /windows/],
    ["--cpu-percent", ["--cpu-percent", "1"], /windows/],
    ["--io-maxiops", ["--io-maxiops", "1"], /windows/],
    ["--io-maxbandwidth", ["--io-maxbandwidth", "1m"], /windows/],
    ["--volume-driver that is not there", ["--volume-driver", "nfs9", "-v", "data:/x"], /nfs9|VolumeDriver/],
    ["--cap-add that no kernel has", ["--cap-add", "FOO"], 'invalid CapAdd: unknown capability: "CAP_FOO"'],
    ["--cap-drop that no kernel has", ["--cap-drop", "FOO"], 'invalid CapDrop: unknown capability: "CAP_FOO"'],
    ["--hostname of 300 characters", ["--hostname", "a".repeat(300)], "invalid hostname format"],
    ["--sysctl of the whole host", ["--sysctl", "kernel.core_pattern=x"], "sysctl 'kernel.core_pattern=x' is not allowed"],
    ["--sysctl of a network that is the host's", ["--network", "host", "--sysctl", "net.ipv4.ip_forward=1"], "not allowed"],
    ["--sysctl of an IPC namespace that is the host's", ["--ipc", "host", "--sysctl", "kernel.shmmax=1"], "not allowed"],
    ["--ulimit above the daemon's own", ["--ulimit", "nofile=99999999"], "nofile"],
    ["--ulimit that there is not", ["--ulimit", "foo=1"], "invalid ulimit type: foo"],
    ["--tmpfs with an option that is none", ["--tmpfs", "/t:nonsense"], 'invalid tmpfs option "nonsense"'],
    ["--security-opt that there is not", ["--security-opt", "foo=bar"], 'invalid --security-opt 2: "foo=bar"'],
    ["--security-opt apparmor of a profile where there is no AppArmor", ["--security-opt", "apparmor=mine"], "AppArmor is not enabled"],
    ["--userns of another kind", ["--userns", "private"], /invalid USER mode/i],
    ["--pid of another kind", ["--pid", "foo"], /invalid PID mode|--pid: invalid PID mode/],
    ["--ipc of another kind", ["--ipc", "foo"], "invalid IPC mode: foo"],
    ["--uts of another kind", ["--uts", "foo"], /invalid UTS mode/],
    ["--uts host with --hostname", ["--uts", "host", "--hostname", "x"], "conflicting options: hostname and the UTS mode"],
    ["--pid of a container that is not there", ["--pid", "container:nobody"], "No such container: nobody"],
    ["--ipc of a container that is not there", ["--ipc", "container:nobody"], "No such container: nobody"],
    ["--network of a container that is not there", ["--network", "container:nobody"], "No such container: nobody"],
  ])("%s", async (_title, flags, message) => {
    const said = await refused(flags);
    if (typeof message === "string") expect(said).toContain(message);
    else expect(said).toMatch(message);
  });
});
