import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { scaled } from "../../support/scale.ts";

/** Docker's flag and event for what the kernel kills for memory: right every time, and never for another end. */
const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

/** Every repetition is a container that has to be told apart rightly: 200 in a soak (P39). */
const REPETITIONS = scaled(3, 50);
/** By far the largest of its group, and the first to go: a busy kernel that finds it going still takes the next. */
const HUNGRY = "(echo 1000 >/proc/self/oom_score_adj; exec tail /dev/zero)";
const LIMITS = ["-m", "64m", "--memory-swap", "64m"];

interface State {
  readonly Status: string;
  readonly OOMKilled: boolean;
  readonly ExitCode: number;
}

const stateOf = async (name: string): Promise<State> => (await daemon.api("GET", `/containers/${name}/json`)).json.State as State;

const pidOf = async (name: string): Promise<number> => (await daemon.api("GET", `/containers/${name}/json`)).json.State.Pid as number;

/** What the journal says of a container. */
async function actionsOf(name: string): Promise<string[]> {
  // Of this very container: an earlier try's had the same name.
  const { Id } = (await daemon.api("GET", `/containers/${name}/json`)).json as { Id: string };
  const filters = encodeURIComponent(JSON.stringify({ container: [Id], type: ["container"] }));
  const { text } = await daemon.api("GET", `/events?since=1&until=${Date.now() / 1000 + 0.001}&filters=${filters}`);
  const lines = text.split("\n").filter(Boolean);
  return lines.map((line) => (JSON.parse(line) as { Action: string }).Action).filter((action) => ["oom", "die"].includes(action));
}

describe.each(["crun", "runc"])("P39: what the kernel kills for memory, with %s", (runtime) => {
  const run = (name: string, script: string): Promise<string> =>
    docker.ok("run", "-d", "--name", name, "--runtime", runtime, ...LIMITS, "--network", "none", BUSYBOX, "sh", "-c", script);

  test("the first process", { timeout: scaled(300_000, 3_600_000) }, async () => {
    for (let round = 0; round < REPETITIONS; round++) {
      const name = `main-${runtime}-${round}`;
      await run(name, "exec tail /dev/zero");
      await daemon.api("POST", `/containers/${name}/wait`);
      expect(await stateOf(name), name).toMatchObject({ OOMKilled: true, ExitCode: 137 });
      await eventually(async () => expect(await actionsOf(name), name).toEqual(["oom", "die"]));
    }
  });

  test("a child, while the first process lives on", async () => {
    const name = `child-${runtime}`;
    await run(name, `${HUNGRY}; until [ -e /tmp/end ]; do sleep 0.05; done`);
    await eventually(async () => {
      expect(await stateOf(name)).toMatchObject({ Status: "running", OOMKilled: true });
      expect(await actionsOf(name)).toEqual(["oom"]);
    });
    await docker.run(["exec", name, "sh", "-c", HUNGRY]);
    await eventually(async () => expect(await actionsOf(name)).toEqual(["oom", "oom"]));
    await docker.ok("exec", name, "touch", "/tmp/end");
    await daemon.api("POST", `/containers/${name}/wait`);
    expect(await stateOf(name)).toMatchObject({ OOMKilled: true, ExitCode: 0 });
    await eventually(async () => expect(await actionsOf(name)).toEqual(["oom", "oom", "die"]));
  });

  test("not a kill, from outside or inside, nor a program that ends like it", { timeout: scaled(300_000, 3_600_000) }, async () => {
    for (let round = 0; round < REPETITIONS; round++) {
      const name = `kill-${runtime}-${round}`;
      const way = round % 3;
      await run(
        name,
        way === 0 ? "exec sleep 1000" : way === 1 ? "sleep 1000 & kill -9 $!; exit 137" : "head -c 8000000 /dev/zero >/dev/shm/x; exit 137",
      );
      if (way === 0) await docker.ok("kill", name);
      await daemon.api("POST", `/containers/${name}/wait`);
      expect(await stateOf(name), name).toMatchObject({ OOMKilled: false, ExitCode: 137 });
      await eventually(async () => expect(await actionsOf(name), name).toEqual(["die"]));
    }
  });

  test("while no daemon was there, and with a daemon that came later", async () => {
    const [ended, lives] = [`away-${runtime}`, `lives-${runtime}`];
    for (const name of [ended, lives]) {
      const then = name === ended ? "exec tail /dev/zero" : `${HUNGRY}; touch /tmp/done; exec sleep 1000`;
      await run(name, `until [ -e /tmp/go ]; do sleep 0.05; done; ${then}`);
    }
    // Something that goes on in the container, told by a process that outlives the daemon.
    for (const name of [ended, lives]) await docker.ok("exec", "-d", name, "sh", "-c", "sleep 1; touch /tmp/go");
    const [ends, goesOn] = [await pidOf(ended), await pidOf(lives)];
    await daemon.kill();
    // Nobody is there who could be asked.
    await eventually(() => {
      expect(existsSync(`/proc/${ends}`)).toBe(false);
      expect(existsSync(`/proc/${goesOn}/root/tmp/done`)).toBe(true);
    });
    await daemon.start();
    expect(await stateOf(ended)).toMatchObject({ Status: "exited", OOMKilled: true, ExitCode: 137 });
    expect(await actionsOf(ended)).toEqual(["oom", "die"]);
    await eventually(async () => {
      expect(await stateOf(lives)).toMatchObject({ Status: "running", OOMKilled: true });
      expect(await actionsOf(lives)).toEqual(["oom"]);
    });
    // What was told is not told again.
    await daemon.kill();
    await daemon.start();
    expect(await stateOf(lives)).toMatchObject({ Status: "running", OOMKilled: true });
    expect(await actionsOf(lives)).toEqual(["oom"]);
    await docker.ok("restart", "-t", "0", lives);
    expect(await stateOf(lives)).toMatchObject({ Status: "running", OOMKilled: false });
  });
});
