import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { TestDaemon, useDaemon } from "../support/daemon.ts";
import { DockerCli } from "../support/docker-cli.ts";
import { eventually } from "../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../support/images.ts";
import { freePort } from "../support/registry.ts";
import { scaled } from "../support/scale.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

const state = async (id: string): Promise<{ Status: string; ExitCode: number; Pid: number; FinishedAt: string; StartedAt: string }> =>
  (await daemon.api("GET", `/containers/${id}/json`)).json.State;

/** Start time of a process in clock ticks: a pid that was used again has another. */
const startTime = (pid: number): string => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19] ?? "";

describe("P36: a daemon that is killed with SIGKILL", () => {
  it("leaves its containers running, loses nothing of what they write, and its successor takes them over", async () => {
    const counter = await docker.ok(
      "run",
      "-d",
      "--name",
      "counter",
      BUSYBOX,
      "sh",
      "-c",
      "i=0; while :; do i=$((i+1)); echo $i; usleep 5000; done",
    );
    const before = await state(counter);
    const born = startTime(before.Pid);
    await eventually(async () => expect((await docker.ok("logs", counter)).split("\n").length).toBeGreaterThan(20));

    await daemon.kill();
    const whenKilled = startTime(before.Pid);
    await new Promise((resolve) => setTimeout(resolve, 300)); // the container writes while nobody listens
    await daemon.start();

    const after = await state(counter);
    expect([after.Status, after.Pid, after.StartedAt]).toEqual(["running", before.Pid, before.StartedAt]);
    expect([whenKilled, startTime(after.Pid)]).toEqual([born, born]);
    const lines = (await docker.ok("logs", counter)).split("\n");
    expect(lines).toEqual(lines.map((_, index) => String(index + 1)));
    expect(await docker.ok("exec", counter, "echo", "still served")).toBe("still served");
    await docker.ok("stop", "-t", "0", counter);
    expect((await state(counter)).ExitCode).toBe(137);
    await docker.ok("rm", counter);
  });

  it("finds the exit code of a container that ended meanwhile, at the time when it did", async () => {
    const id = await docker.ok("run", "-d", BUSYBOX, "sh", "-c", "sleep 0.5; echo last words; exit 42");
    const { Pid } = await state(id);
    await daemon.kill();
    await eventually(() => expect(Pid !== 0 && existsSync(`/proc/${Pid}`)).toBe(false));
    await new Promise((resolve) => setTimeout(resolve, 800));
    const ended = Date.now();
    await daemon.start();
    const found = await state(id);
    expect([found.Status, found.ExitCode]).toEqual(["exited", 42]);
    expect(ended - Date.parse(found.FinishedAt)).toBeGreaterThan(300);
    expect(await docker.ok("logs", id)).toBe("last words");
    await docker.ok("rm", id);
  });

  it("keeps a terminal, stdin and a published port across the change", async () => {
    const port = await freePort();
    const id = await docker.ok(
      "run",
      "-dit",
      "-p",
      `${port}:80`,
      BUSYBOX,
      "sh",
      "-c",
      "(while :; do nc -l -p 80 -e echo hello; done) & exec sh",
    );
    await daemon.kill();
    await daemon.start();
    await eventually(async () => expect(await docker.ok("port", id)).toContain(String(port)));
    const { stdout } = await docker.run(["attach", id], { terminal: true, input: "echo typed $((40+2)); exit 4\n" });
    expect(stdout).toContain("typed 42");
    await eventually(async () => expect((await state(id)).ExitCode).toBe(4));
    await docker.ok("rm", id);
  });

  it("finishes what was half done: a --rm container that ended is gone, and so is its root", async () => {
    const id = await docker.ok("run", "-d", "--rm", BUSYBOX, "sleep", "0.4");
    await daemon.kill();
    await new Promise((resolve) => setTimeout(resolve, 800));
    await daemon.start();
    await eventually(async () => expect((await daemon.api("GET", `/containers/${id}/json`)).status).toBe(404));
    await eventually(() => expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(id));
  });

  it("may be killed at any moment of a start: the next one is clean", async () => {
    for (let round = 0; round < 6; round++) {
      const running = docker.run(["run", "-d", "--name", `racer-${round}`, BUSYBOX, "sleep", "1000"]);
      await new Promise((resolve) => setTimeout(resolve, 40 + round * 25));
      await daemon.kill();
      await running;
      await daemon.start();
      const known = (await daemon.api("GET", `/containers/json?all=1&filters=${JSON.stringify({ name: [`racer-${round}`] })}`)).json as {
        Id: string;
        State: string;
      }[];
      for (const { Id, State } of known) {
        expect(["created", "running", "exited"]).toContain(State);
        expect((await daemon.api("DELETE", `/containers/${Id}?force=1`)).status).toBe(204);
      }
    }
    expect((await docker.run(["run", "--rm", BUSYBOX, "true"])).code).toBe(0);
  });
});

const monitorOf = async (id: string): Promise<number> =>
  Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${(await state(id)).Pid}/status`, "utf8"))?.[1]);

describe("a monitor that is killed", () => {
  it("ends its container, visibly, and leaves nothing", async () => {
    const id = await docker.ok("run", "-d", BUSYBOX, "sleep", "1000");
    process.kill(await monitorOf(id), "SIGKILL");
    await eventually(async () => expect((await state(id)).Status).toBe("exited"));
    expect((await state(id)).ExitCode).not.toBe(0);
    await docker.ok("rm", id);
  });

  it("together with the daemon ends its container too: the next daemon says so, and starts it again", async () => {
    const id = await docker.ok("run", "-d", BUSYBOX, "sleep", "1000");
    const monitor = await monitorOf(id);
    await daemon.kill();
    process.kill(monitor, "SIGKILL");
    await daemon.start();
    expect(await state(id)).toMatchObject({ Status: "exited", ExitCode: 255 });
    await docker.ok("start", id);
    expect((await state(id)).Status).toBe("running");
    await docker.ok("rm", "-f", id);
  });

  it("and so does its process, at the very time when the daemon is", async () => {
    const id = await docker.ok("run", "-d", "--restart", "always", BUSYBOX, "sleep", "1000");
    const [monitor, { Pid }] = [await monitorOf(id), await state(id)];
    for (const pid of [daemon.pid, monitor, Pid]) process.kill(pid, "SIGKILL");
    await daemon.ended();
    await daemon.start();
    await eventually(async () => expect((await state(id)).Status).toBe("running"));
    await docker.ok("rm", "-f", id);
  });
});

describe("a daemon that stands still", { timeout: scaled(60_000, 180_000) }, () => {
  it("holds no container up, loses no line of theirs, and answers when it goes on", async () => {
    const id = await docker.ok("run", "-d", BUSYBOX, "sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; usleep 20000; done");
    process.kill(daemon.pid, "SIGSTOP");
    const asked = daemon.api("GET", "/containers/json");
    await new Promise((resolve) => setTimeout(resolve, scaled(1500, 60_000)));
    process.kill(daemon.pid, "SIGCONT");
    expect((await asked).json).toHaveLength(1);
    const lines = (await docker.ok("logs", id)).split("\n");
    expect(lines.length).toBeGreaterThan(scaled(15, 500));
    expect(lines).toEqual(lines.map((_, index) => String(index + 1)));
    await docker.ok("rm", "-f", id);
  });
});

describe("two daemons for one data root", () => {
  it("one has it, the other says so and changes nothing; when both come at once, one gets it", async () => {
    const other = new TestDaemon([], { dataRoot: daemon.instance.dataRoot });
    await expect(other.start()).rejects.toThrow(/in use by another daemon/);
    expect((await daemon.api("GET", "/_ping")).status).toBe(200);
    await daemon.kill();
    const starts = await Promise.allSettled([daemon.start(), other.start()]);
    expect(starts.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    await other.stop();
    await daemon.stop();
    await daemon.start();
    await docker.ok("run", "--rm", BUSYBOX, "true");
    await daemon.stop();
    await other.close();
    await daemon.start();
  });
});
