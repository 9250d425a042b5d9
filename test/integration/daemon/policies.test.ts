import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { reboot } from "../../support/reboot.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

afterAll(() => void delete process.env["DHOW_TEST_BOOT_ID"]);

const inspect = async (name: string) =>
  (await daemon.api("GET", `/containers/${name}/json`)).json as {
    RestartCount: number;
    State: Record<string, unknown> & { Status: string };
  };

const POLICIES = ["no", "always", "unless-stopped", "on-failure"] as const;
const HISTORIES = ["running", "stopped", "killed", "failed", "finished", "created"] as const;

/** Containers of every policy, with every history, before the daemon goes. `failed` and `finished` end by themselves with 7 and 0. */
async function populate(): Promise<void> {
  const make = async (policy: string, history: string): Promise<void> => {
    const name = `${policy}-${history}`;
    const command = { failed: "exit 7", finished: "exit 0" }[history] ?? "exec sleep 1000";
    const HostConfig = { RestartPolicy: { Name: policy, MaximumRetryCount: policy === "on-failure" ? 1 : 0 } };
    await daemon.api("POST", `/containers/create?name=${name}`, { Image: BUSYBOX, Cmd: ["sh", "-c", command], HostConfig, StopTimeout: 0 });
    if (history === "created") return;
    await daemon.api("POST", `/containers/${name}/start`);
    if (history === "stopped") await daemon.api("POST", `/containers/${name}/stop`);
    if (history === "killed") await daemon.api("POST", `/containers/${name}/kill`);
  };
  await Promise.all(POLICIES.flatMap((policy) => HISTORIES.map((history) => make(policy, history))));
  // Those that end by themselves and are not wanted back have come to rest; on-failure has had its one restart.
  for (const name of ["no-failed", "no-finished", "on-failure-failed", "on-failure-finished"])
    await eventually(async () => expect((await inspect(name)).State.Status).toBe("exited"));
}

/** `always` and `unless-stopped` of a command that ends at once are restarting, or running, in turns: up. */
async function outcome(): Promise<string[]> {
  const names = POLICIES.flatMap((policy) => HISTORIES.map((history) => `${policy}-${history}`));
  return await Promise.all(
    names.map(async (name) => {
      const { State } = await inspect(name);
      const up = State.Status === "running" || State.Status === "restarting";
      return `${name}: ${up ? "up" : `${State.Status} ${String(State["ExitCode"])}`}`;
    }),
  );
}

async function clear(): Promise<void> {
  for (const { Id } of (await daemon.api("GET", "/containers/json?all=1")).json as { Id: string }[])
    await daemon.api("DELETE", `/containers/${Id}?force=1`);
}

/** As dockerd 28.5 was seen to do, but for those that run: they go on (live-restore). */
const expected = (lost: string): string[] => [
  `no-running: ${lost}`,
  "no-stopped: exited 137",
  "no-killed: exited 137",
  "no-failed: exited 7",
  "no-finished: exited 0",
  "no-created: created 0",
  "always-running: up",
  "always-stopped: up",
  "always-killed: up",
  "always-failed: up",
  "always-finished: up",
  "always-created: created 0",
  "unless-stopped-running: up",
  "unless-stopped-stopped: exited 137",
  "unless-stopped-killed: exited 137",
  "unless-stopped-failed: up",
  "unless-stopped-finished: up",
  "unless-stopped-created: created 0",
  "on-failure-running: up",
  "on-failure-stopped: up",
  "on-failure-killed: up",
  "on-failure-failed: exited 7",
  "on-failure-finished: exited 0",
  "on-failure-created: created 0",
];

describe("P35: restart policies", () => {
  it.each(["is stopped", "is killed"] as const)("over a daemon that %s", async (end) => {
    await populate();
    const pid = (await inspect("no-running")).State["Pid"];
    await (end === "is stopped" ? daemon.stop() : daemon.kill());
    await daemon.start();
    await eventually(async () => expect(await outcome()).toEqual(expected("up")));
    expect((await inspect("no-running")).State["Pid"]).toBe(pid);
    await clear();
  });

  it.each([
    ["took its exec root along", false],
    ["left its exec root, whose records mean nothing now", true],
  ] as const)("over a restart of the host that %s", async (_, keepExecRoot) => {
    await populate();
    await reboot(daemon, { keepExecRoot });
    await daemon.start();
    await eventually(async () => expect(await outcome()).toEqual(expected("exited 255")));
    expect(daemon.log).toContain("the host was restarted: containers that ran count as exited");
    expect((await inspect("unless-stopped-running")).RestartCount).toBe(0);
    expect(Date.now() - Date.parse(String((await inspect("no-running")).State["FinishedAt"]))).toBeLessThan(60_000);
    await clear();
  });

  it("an exit while no daemon was there: its own code, once restarted", async () => {
    const since = String(Date.now() / 1000);
    await docker.ok(
      "run",
      "-d",
      "--name",
      "short",
      "--restart",
      "on-failure:3",
      BUSYBOX,
      "sh",
      "-c",
      "test -e /again && exec sleep 1000; touch /again; sleep 0.7; exit 42",
    );
    await daemon.kill();
    await new Promise((resolve) => setTimeout(resolve, 1200)); // It ends meanwhile.
    await daemon.start();
    await eventually(async () => expect((await inspect("short")).State.Status).toBe("running"));
    const until = String(Math.ceil(Date.now() / 1000) + 1);
    const events = await docker.ok(
      "events",
      "--since",
      since,
      "--until",
      until,
      "--filter",
      "container=short",
      "--format",
      "{{.Action}} {{.Actor.Attributes.exitCode}}",
    );
    expect(events.split("\n").map((line) => line.replace(" <no value>", ""))).toEqual(["create", "start", "die 42", "start"]);
    await clear();
  });

  it("waits of 100 ms, doubled each time; on-failure:N restarts N times; a stop in between calls it off", async () => {
    const since = Date.now() / 1000;
    await docker.ok("run", "-d", "--name", "often", "--restart", "on-failure:4", BUSYBOX, "sh", "-c", "exit 3");
    await eventually(async () => expect((await inspect("often")).State.Status).toBe("exited"));
    expect(await inspect("often")).toMatchObject({ RestartCount: 4, State: { ExitCode: 3, Restarting: false } });
    const { text } = await daemon.api(
      "GET",
      `/events?since=${since}&until=${Math.ceil(Date.now() / 1000) + 1}&filters={"container":["often"],"event":["start","die"]}`,
    );
    const events = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { Action: string; timeNano: number });
    expect(events.map(({ Action }) => Action)).toEqual(["start", "die", "start", "die", "start", "die", "start", "die", "start", "die"]);
    const waits = [1, 3, 5, 7].map((die) => ((events[die + 1]?.timeNano ?? 0) - (events[die]?.timeNano ?? 0)) / 1e6);
    for (const [index, wait] of waits.entries()) expect(wait).toBeGreaterThanOrEqual(100 * 2 ** index - 5);
    expect(waits[3]).toBeLessThan(10_000);

    await docker.ok("run", "-d", "--name", "loop", "--restart", "always", BUSYBOX, "false");
    await eventually(async () =>
      expect(await inspect("loop")).toMatchObject({ State: { Status: "restarting", Restarting: true, Running: true } }),
    );
    expect(await docker.ok("ps", "--format", "{{.Status}}", "--filter", "name=loop")).toMatch(/^(?:Restarting \(1\)|Up)/);
    await docker.ok("stop", "loop");
    expect((await inspect("loop")).State.Status).toBe("exited");
    await docker.ok("update", "--restart", "no", "loop");
    await clear();
  });
});

it("refuses a state that a newer Dhow wrote, and says what to do", async () => {
  await daemon.stop();
  const database = new DatabaseSync(join(daemon.instance.dataRoot, "dhow.db"));
  const { user_version: version } = database.prepare("PRAGMA user_version").get() as { user_version: number };
  database.exec("PRAGMA user_version = 9000");
  await expect(daemon.start()).rejects.toThrow(
    /has schema version 9000, written by a newer Dhow; this one knows up to \d+\. Start the newer version, or use another data root\./,
  );
  database.exec(`PRAGMA user_version = ${version}`);
  database.close();
  await daemon.start();
});
