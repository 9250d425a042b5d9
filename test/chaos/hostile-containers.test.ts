import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { useDaemon, type Answer } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../support/images.ts";
import { median } from "../support/median.ts";
import { figure, scaled } from "../support/scale.ts";

/** Programs that take what they can get: the daemon answers meanwhile, and ends them when it is asked to. */
const daemon = useDaemon({ images: [busyboxArchive] });

const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
  const answer = await daemon.api(method, path, body);
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
};
const run = async (script: string, hostConfig: object): Promise<string> => {
  const id = (await call("POST", "/containers/create?name=hostile", { Image: BUSYBOX, Cmd: ["sh", "-c", script], HostConfig: hostConfig }))
    .json.Id as string;
  await call("POST", "/containers/hostile/start");
  return id;
};

/** The times that `/_ping` and a list take together, for a while, ms. */
async function answerTimes(milliseconds: number): Promise<number[]> {
  const times: number[] = [];
  for (const end = Date.now() + milliseconds; Date.now() < end;) {
    const started = performance.now();
    await call("GET", "/_ping");
    await call("GET", "/containers/json");
    times.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return times;
}

afterEach(() => daemon.api("DELETE", "/containers/hostile?force=1&v=1"));

describe("a container", () => {
  it("with a fork bomb under a limit of processes: the daemon answers, and stops it in time", async () => {
    await run(`exec awk 'BEGIN { while (1) system("sleep 1000 & sleep 1000 & sleep 1000 &") }'`, { PidsLimit: 64, NanoCpus: 500_000_000 });
    const { Pid } = (await call("GET", "/containers/hostile/json")).json.State as { Pid: number };
    const group = /^\d+:pids:(.*)$|^0::(.*)$/m.exec(readFileSync(`/proc/${Pid}/cgroup`, "utf8"));
    const folder = group?.[1] === undefined ? `/sys/fs/cgroup${group?.[2] ?? ""}` : `/sys/fs/cgroup/pids${group[1]}`;
    await eventually(() => expect(Number(readFileSync(`${folder}/pids.current`, "utf8"))).toBeGreaterThan(50));
    const times = await answerTimes(scaled(2000, 30_000));
    expect(Number(readFileSync(`${folder}/pids.current`, "utf8"))).toBeLessThanOrEqual(64);
    const started = performance.now();
    await call("POST", "/containers/hostile/stop?t=1");
    const took = performance.now() - started;
    figure("fork bomb under a limit of 64: slowest answer", Math.max(...times), "ms");
    figure("fork bomb under a limit of 64: stop took", took, "ms");
    expect(median(times)).toBeLessThan(1000);
    expect(took).toBeLessThan(60_000);
    expect((await call("GET", "/containers/hostile/json")).json.State).toMatchObject({ Status: "exited", ExitCode: 137 });
  });

  it("that floods its log: the daemon answers and grows by nothing, and is rid of it when told to be", async () => {
    const id = await run("exec yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", {
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "3" } },
    });
    const memory = daemon.residentMegabytes();
    const times = await answerTimes(scaled(3000, 60_000));
    const grown = daemon.residentMegabytes() - memory;
    const folder = join(daemon.instance.dataRoot, "containers", id);
    // A file may be rotated away between the two looks.
    const sizeOf = (name: string): number => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
    const size = readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce((sum, name) => sum + sizeOf(name), 0) / 1e6;
    figure("a log that is flooded, 1 MB x 3: on the disk", size, "MB");
    figure("a log that is flooded: slowest answer", Math.max(...times), "ms");
    figure("a log that is flooded: daemon's memory grew by", grown, "MB");
    expect(size).toBeGreaterThan(0.5);
    expect(size).toBeLessThan(12);
    expect(grown).toBeLessThan(50);
    expect(median(times)).toBeLessThan(1000);
    const started = performance.now();
    await call("DELETE", "/containers/hostile?force=1");
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});
