import { describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { residueOf } from "../../support/residue.ts";

const daemon = useDaemon({
  images: [busyboxArchive],
  flags: ["--live-restore=false", "--metrics-addr", "127.0.0.1:0", "--health-on-failure", "restart"],
});
const docker = new DockerCli(daemon);

const state = async (name: string): Promise<Record<string, unknown>> => (await daemon.api("GET", `/containers/${name}/json`)).json.State;
const compose = (service: string, dependsOn = ""): string[] =>
  ["project=app", `service=${service}`, `depends_on=${dependsOn}`].flatMap((label) => ["--label", `com.docker.compose.${label}`]);

describe("a daemon whose containers end with it", () => {
  it("stops each by its own signal and in its own time, dependants first, and brings back what policies want", async () => {
    const since = String(Date.now() / 1000);
    const trap = (signal: string): string[] => [BUSYBOX, "sh", "-c", `trap 'echo bye; exit 5' ${signal}; while :; do sleep 0.05; done`];
    await docker.ok("run", "-d", "--name", "db", "--restart", "unless-stopped", ...compose("db"), ...trap("TERM"));
    await docker.ok("run", "-d", "--name", "web", "--stop-signal", "USR1", ...compose("web", "db:service_started:false"), ...trap("USR1"));
    await docker.ok(
      "run",
      "-d",
      "--name",
      "deaf",
      "--stop-timeout",
      "1",
      BUSYBOX,
      "sh",
      "-c",
      "trap '' TERM; while :; do sleep 0.05; done",
    );
    await docker.ok("run", "-d", "--name", "frozen", "--stop-timeout", "10", ...trap("TERM"));
    await docker.ok("run", "-d", "--rm", "--name", "passing", ...trap("TERM"));
    await docker.ok("pause", "frozen");
    const started = performance.now();
    await daemon.stop();
    expect(performance.now() - started).toBeLessThan(60_000);
    // The containers themselves are kept. The kernel takes down namespaces and cgroups behind our back.
    const kept = /^(?:file data\/|row )/;
    await eventually(() => expect(residueOf(daemon.instance).filter((line) => !kept.test(line))).toEqual([]));
    await daemon.start();
    expect(await state("web")).toMatchObject({ Status: "exited", ExitCode: 5 });
    expect(await state("deaf")).toMatchObject({ Status: "exited", ExitCode: 137 });
    expect(await state("frozen")).toMatchObject({ Status: "exited", ExitCode: 5 });
    await eventually(async () => expect(await state("db")).toMatchObject({ Status: "running" }));
    await eventually(async () => expect((await daemon.api("GET", "/containers/passing/json")).status).toBe(404));
    const until = String(Math.ceil(Date.now() / 1000));
    const events = await docker.ok(
      "events",
      "--since",
      since,
      "--until",
      until,
      "--filter",
      "event=die",
      "--format",
      "{{.Actor.Attributes.name}}",
    );
    expect(events.split("\n").filter((name) => ["web", "db"].includes(name))).toEqual(["web", "db"]);
    expect((await daemon.api("GET", "/info")).json.LiveRestoreEnabled).toBe(false);
    await docker.ok("rm", "-f", "db", "web", "deaf", "frozen");
  });

  it("ends at once at the second signal, and its successor takes over what runs", async () => {
    const id = await docker.ok("run", "-d", "--stop-timeout", "-1", BUSYBOX, "sh", "-c", "trap '' TERM; while :; do sleep 0.05; done");
    const { pid } = daemon;
    const stopped = daemon.stop();
    await eventually(() => expect(daemon.log).toMatch(/stopping reason=SIGTERM(?![\s\S]*INFO {2}stopped)/));
    await eventually(async () => expect(await daemon.api("GET", "/_ping").catch(() => "refused")).toBe("refused"));
    process.kill(pid, "SIGTERM");
    await stopped;
    await daemon.start();
    expect(await state(id)).toMatchObject({ Status: "running" });
    await docker.ok("rm", "-f", id);
  });
});

describe("metrics", () => {
  const address = (): string =>
    daemon.log
      .trim()
      .split("\n")
      .map((line) => /metrics listen on (\S+)/.exec(line)?.[1])
      .findLast((found) => found !== undefined) ?? "";
  const scrape = async (): Promise<string> => await (await fetch(`http://${address()}/metrics`)).text();
  const valueOf = (text: string, series: string): number =>
    Number(
      text
        .split("\n")
        .find((line) => line.startsWith(`${series} `))
        ?.split(" ")
        .at(-1),
    );

  it("are moby's, and move", async () => {
    const before = await scrape();
    expect(valueOf(before, "engine_daemon_engine_cpus_cpus")).toBeGreaterThan(0);
    expect(before).toMatch(/^engine_daemon_engine_info\{.*daemon_id="[0-9a-f-]{36}".*\} 1$/m);
    await docker.ok(
      "run",
      "-d",
      "--name",
      "measured",
      "--health-cmd",
      "false",
      "--health-interval",
      "100ms",
      "--health-retries",
      "1000",
      BUSYBOX,
      "sleep",
      "1000",
    );
    await eventually(async () => expect(valueOf(await scrape(), "engine_daemon_health_checks_total")).toBeGreaterThan(1));
    const during = await scrape();
    expect(valueOf(during, 'engine_daemon_container_states_containers{state="running"}')).toBe(1);
    await docker.ok("diff", "measured");
    await docker.ok("commit", "measured", "test/committed");
    await docker.ok("rmi", "test/committed");
    const after = await scrape();
    // Nothing at all before the first.
    const grown = (series: string): number => valueOf(after, series) - (valueOf(before, series) || 0);
    for (const action of ["changes", "commit"]) expect(grown(`engine_daemon_container_actions_seconds_count{action="${action}"}`)).toBe(1);
    expect(grown('engine_daemon_image_actions_seconds_count{action="delete"}')).toBe(1);
    for (const action of ["create", "start"]) {
      const series = `engine_daemon_container_actions_seconds_count{action="${action}"}`;
      expect(valueOf(during, series)).toBe(valueOf(before, series) + 1);
    }
    expect(valueOf(during, 'engine_daemon_network_actions_seconds_count{action="allocate"}')).toBeGreaterThan(0);
    expect(valueOf(during, "engine_daemon_events_total")).toBeGreaterThan(valueOf(before, "engine_daemon_events_total"));
    await docker.ok("rm", "-f", "measured");
    expect(valueOf(await scrape(), 'engine_daemon_container_actions_seconds_count{action="delete"}')).toBeGreaterThan(0);
  });

  it("are the only thing there", async () => {
    expect((await fetch(`http://${address()}/info`)).status).toBe(404);
    expect((await fetch(`http://${address()}/metrics`, { method: "POST" })).status).toBe(405);
  });
});

it("the daemon's default restarts unhealthy containers, and a label says otherwise", async () => {
  const flags = ["--health-interval", "100ms", "--health-retries", "1", "--stop-timeout", "0"];
  const sick = ["--health-cmd", "test ! -e /sick", BUSYBOX, "sh", "-c", "test -e /was && rm -f /sick; touch /was; exec sleep 1000"];
  await docker.ok("run", "-d", "--name", "mended", ...flags, ...sick);
  await docker.ok("run", "-d", "--name", "left", "--label", "dhow.health.on-failure=none", ...flags, ...sick);
  for (const name of ["mended", "left"]) await docker.ok("exec", name, "touch", "/sick");
  await eventually(async () => expect((await daemon.api("GET", "/containers/mended/json")).json.RestartCount).toBe(1));
  await eventually(async () => expect((await state("left"))["Health"]).toMatchObject({ Status: "unhealthy" }));
  expect((await daemon.api("GET", "/containers/left/json")).json.RestartCount).toBe(0);
  await docker.ok("rm", "-f", "mended", "left");
});
