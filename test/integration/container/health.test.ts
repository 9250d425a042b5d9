import { describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive, imageArchive } from "../../support/images.ts";

const CHECKED = "test/checked:latest";
const checkedArchive = (): Buffer =>
  imageArchive(CHECKED, { Cmd: ["sleep", "1000"], Healthcheck: { Test: ["CMD-SHELL", "echo from the image"], Interval: 200_000_000 } });

const daemon = useDaemon({ images: [busyboxArchive, checkedArchive] });
const docker = new DockerCli(daemon);

interface Health {
  readonly Status: string;
  readonly FailingStreak: number;
  readonly Log: readonly { readonly Start: string; readonly End: string; readonly ExitCode: number; readonly Output: string }[];
}

const healthOf = async (name: string): Promise<Health | undefined> =>
  (await daemon.api("GET", `/containers/${name}/json`)).json.State.Health;
const becomes = (name: string, status: string): Promise<void> =>
  eventually(async () => expect((await healthOf(name))?.Status).toBe(status));

/** Of this very container: an earlier try's had the same name. */
async function eventsOf(name: string): Promise<string[]> {
  const { Id } = (await daemon.api("GET", `/containers/${name}/json`)).json as { Id: string };
  const filters = encodeURIComponent(JSON.stringify({ container: [Id] }));
  const { text } = await daemon.api("GET", `/events?since=1&until=${Date.now() / 1000 + 0.001}&filters=${filters}`);
  return text
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { Action: string }).Action);
}

const run = (name: string, command: string, ...flags: string[]): Promise<string> =>
  docker.ok("run", "-d", "--name", name, "--health-interval", "200ms", "--health-cmd", command, ...flags, BUSYBOX, "sleep", "1000");

describe("a health check", () => {
  it("makes a container healthy, unhealthy and healthy again, and everybody can see it", async () => {
    await run("web", "echo looking; test ! -e /tmp/bad", "--health-retries", "2");
    expect((await healthOf("web"))?.Log).toBeInstanceOf(Array);
    await becomes("web", "healthy");
    expect(await docker.ok("ps", "--filter", "health=healthy", "--format", "{{.Names}} {{.Status}}")).toMatch(/^web Up .*\(healthy\)$/);
    const [first] = (await healthOf("web"))?.Log ?? [];
    expect(first).toMatchObject({ ExitCode: 0, Output: "looking\n" });
    expect(Date.parse(first?.End ?? "")).toBeGreaterThanOrEqual(Date.parse(first?.Start ?? ""));
    await docker.ok("exec", "web", "touch", "/tmp/bad");
    await becomes("web", "unhealthy");
    expect((await healthOf("web"))?.FailingStreak).toBeGreaterThanOrEqual(2);
    expect(await docker.ok("ps", "--format", "{{.Names}} {{.Status}}")).toMatch(/^web Up .*\(unhealthy\)$/);
    expect((await daemon.api("GET", "/v1.52/containers/json")).json[0].Health.Status).toBe("unhealthy");
    await docker.ok("exec", "web", "rm", "/tmp/bad");
    await becomes("web", "healthy");
    const events = await eventually(async () => {
      const told = await eventsOf("web");
      expect(told.filter((action) => action.startsWith("health_status"))).toEqual([
        "health_status: healthy",
        "health_status: unhealthy",
        "health_status: healthy",
      ]);
      return told;
    });
    const command = "/bin/sh -c echo looking; test ! -e /tmp/bad";
    expect(events.slice(2, 5)).toEqual([`exec_create: ${command}`, `exec_start: ${command}`, "exec_die"]);
    expect((await healthOf("web"))?.Log.length).toBeLessThanOrEqual(5);
    await docker.ok("rm", "-f", "web");
  });

  it("that takes too long is killed with its children, and says so", async () => {
    await run("slow", "echo slow; sleep 4321 & sleep 4322; true", "--health-timeout", "1s", "--health-retries", "1");
    await becomes("slow", "unhealthy");
    // A machine may be so slow that a check has said nothing by then; the next one has.
    const told = expect.objectContaining({ ExitCode: -1, Output: "Health check exceeded timeout (1s): slow\n" });
    await eventually(async () => expect((await healthOf("slow"))?.Log).toContainEqual(told));
    await eventually(async () => expect((await healthOf("slow"))?.Log.length).toBeGreaterThan(1));
    // Between two checks there is nothing of them: what was left behind would never go.
    await eventually(async () => expect(await docker.ok("top", "slow")).not.toContain("sleep 432"));
    await docker.ok("rm", "-f", "slow");
  });

  it("that cannot be run says why", async () => {
    const body = {
      Image: BUSYBOX,
      Cmd: ["sleep", "1000"],
      Healthcheck: { Test: ["CMD", "no-such-program"], Interval: 200_000_000, Retries: 1 },
    };
    const { json } = await daemon.api("POST", "/containers/create?name=broken", body);
    expect(json.Warnings).toEqual([]);
    await docker.ok("start", "broken");
    await becomes("broken", "unhealthy");
    const [first] = (await healthOf("broken"))?.Log ?? [];
    expect(first).toMatchObject({ ExitCode: -1 });
    expect(first?.Output).toContain('exec: "no-such-program": executable file not found in $PATH');
    await docker.ok("rm", "-f", "broken");
  });

  it("of the image is run, and --no-healthcheck turns it off", async () => {
    await docker.ok("run", "-d", "--name", "checked", CHECKED);
    await docker.ok("run", "-d", "--name", "unchecked", "--no-healthcheck", CHECKED);
    await becomes("checked", "healthy");
    expect((await healthOf("checked"))?.Log[0]?.Output).toBe("from the image\n");
    expect(await healthOf("unchecked")).toBeUndefined();
    expect(await docker.ok("ps", "--filter", "health=none", "--format", "{{.Names}}")).toBe("unchecked");
    await docker.ok("rm", "-f", "checked", "unchecked");
  });

  it("P06: has no more capabilities and no other user than the container", async () => {
    await run("caged", "id -u; grep -E 'CapInh|CapAmb|NoNewPrivs' /proc/self/status", "-u", "1000", "--security-opt", "no-new-privileges");
    await becomes("caged", "healthy");
    expect((await healthOf("caged"))?.Log[0]?.Output).toMatch(/^1000\nCapInh:\s+0+\nCapAmb:\s+0+\nNoNewPrivs:\s+1\n$/);
    await docker.ok("rm", "-f", "caged");
  });

  it("rests while its container is paused or stopped, and goes on under a new daemon", async () => {
    await run("lasting", "true");
    await becomes("lasting", "healthy");
    await daemon.kill();
    await daemon.start();
    const after = await healthOf("lasting");
    expect(after?.Status).toBe("healthy");
    const last = after?.Log.at(-1)?.End;
    await eventually(async () => expect((await healthOf("lasting"))?.Log.at(-1)?.End).not.toBe(last));
    expect((await eventsOf("lasting")).filter((action) => action.startsWith("health_status"))).toEqual(["health_status: healthy"]);
    await docker.ok("pause", "lasting");
    expect((await healthOf("lasting"))?.Status).toBe("unhealthy");
    await docker.ok("unpause", "lasting");
    await becomes("lasting", "healthy");
    await docker.ok("stop", "-t", "0", "lasting");
    expect((await healthOf("lasting"))?.Status).toBe("unhealthy");
    await docker.ok("rm", "lasting");
  });
});

describe("an unhealthy container", () => {
  it("is restarted where its label says so", async () => {
    await run(
      "mended",
      "echo gone wrong; test ! -e /tmp/bad",
      "--health-retries",
      "1",
      "--label",
      "dhow.health.on-failure=restart",
      "--tmpfs",
      "/tmp",
      "--stop-timeout",
      "0",
    );
    await becomes("mended", "healthy");
    const before = (await daemon.api("GET", "/containers/mended/json")).json.State.Pid;
    await docker.ok("exec", "mended", "touch", "/tmp/bad");
    await eventually(async () => expect((await daemon.api("GET", "/containers/mended/json")).json.RestartCount).toBe(1));
    await becomes("mended", "healthy");
    expect((await daemon.api("GET", "/containers/mended/json")).json.State.Pid).not.toBe(before);
    const id = await docker.ok("inspect", "-f", "{{.Id}}", "mended");
    const filter = ["--since", "1", "--filter", "event=health_on_failure", "--filter", `container=${id}`];
    await eventually(async () =>
      expect(
        await docker.ok("events", ...filter, "--until", String(Date.now() / 1000), "--format", "{{.Action}} {{.Actor.Attributes.output}}"),
      ).toBe("health_on_failure: restart gone wrong"),
    );
    await docker.ok("rm", "-f", "mended");
  });

  it("is left alone otherwise, as Docker leaves it", async () => {
    await run("left", "false", "--health-retries", "1");
    await becomes("left", "unhealthy");
    await eventually(async () => expect((await healthOf("left"))?.FailingStreak).toBeGreaterThan(2));
    expect((await daemon.api("GET", "/containers/left/json")).json.RestartCount).toBe(0);
    await docker.ok("rm", "-f", "left");
  });
});
