import { describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

describe("docker run --init", () => {
  it("runs the command behind an init, in an image that has none, and gives its exit code", async () => {
    expect((await docker.run(["run", "--rm", "--init", BUSYBOX, "sh", "-c", "tr '\\0' ' ' < /proc/1/cmdline; exit 9"])).stdout).toMatch(
      /^\/sbin\/docker-init -- sh -c /,
    );
    expect((await docker.run(["run", "--rm", "--init", BUSYBOX, "sh", "-c", "exit 9"])).code).toBe(9);
    expect((await docker.run(["run", "--rm", "--init", "--read-only", "-u", "1000", BUSYBOX, "id", "-u"])).stdout).toBe("1000\n");
  });

  it("reaps what is left behind, and passes signals on", async () => {
    const script = "trap 'exit 33' TERM; (sleep 0.2 &); (sh -c 'sleep 0.1 & exit 0' &); echo ready; while :; do sleep 0.05; done";
    await docker.ok("run", "-d", "--name", "reaped", "--init", BUSYBOX, "sh", "-c", script);
    await docker.ok("run", "-d", "--name", "plain", BUSYBOX, "sh", "-c", "sleep 0.1 & exec sleep 1000");
    const states = async (name: string): Promise<string> => await docker.ok("exec", name, "sh", "-c", "cat /proc/[0-9]*/stat");
    await eventually(async () => expect(await states("plain")).toMatch(/\(sleep\) Z /));
    await eventually(async () => expect(await states("reaped")).not.toMatch(/\) Z /));
    await docker.ok("stop", "reaped");
    expect((await daemon.api("GET", "/containers/reaped/json")).json.State.ExitCode).toBe(33);
    await docker.ok("rm", "-f", "reaped", "plain");
  });

  it("leaves no trace in a container that did not ask for it, nor in one of the host's processes", async () => {
    expect(await docker.ok("run", "--rm", BUSYBOX, "sh", "-c", "ls /sbin/docker-init 2>/dev/null; cat /proc/1/comm")).toBe("cat");
    expect(await docker.ok("run", "--rm", "--init", "--pid", "host", BUSYBOX, "sh", "-c", "cat /proc/$PPID/comm; true")).not.toBe(
      "docker-init",
    );
  });

  it("is named by info, and may be the daemon's default", async () => {
    expect((await daemon.api("GET", "/info")).json.InitBinary).toMatch(/^(?:tini-static|catatonit|docker-init)$/);
    await daemon.stop();
    await daemon.start("--init", "--init-path", "/usr/bin/tini-static");
    expect(await docker.ok("run", "--rm", BUSYBOX, "cat", "/proc/1/comm")).toBe("docker-init");
    expect(await docker.ok("run", "--rm", "--init=false", BUSYBOX, "sh", "-c", "cat /proc/1/comm")).toBe("cat");
    await daemon.stop();
    await expect(daemon.start("--init-path", process.execPath)).rejects.toThrow("is not a static program");
    await daemon.start();
  });
});
