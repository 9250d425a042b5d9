import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { containerPaths } from "#container/record/paths.ts";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { peers } from "../../support/peers.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

const SMALL = ["--log-opt", "max-size=1m", "--log-opt", "max-file=3"];
/** Counts as fast as a shell can, and does something after each line. */
const countTo = (last: number, then = ":"): string =>
  `i=0; while [ $i -lt ${last} ]; do i=$((i+1)); echo "$i of a log that is counted"; ${then}; done`;

const folderOf = (id: string): string => containerPaths(daemon.instance, id).logs;

/** Bytes below the folder, each file once however many names it has; 0 for one that goes away meanwhile. */
function bytesIn(folder: string): number {
  const sizes = new Map<number, number>();
  for (const name of readdirSync(folder)) {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    if (found !== undefined) sizes.set(found.ino, found.size);
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** The numbers that lines begin with, and where they do not go on by one. */
function counted(text: string): { first: number; last: number; gaps: string[] } {
  const numbers = text
    .trimEnd()
    .split("\n")
    .map((line) => Number.parseInt(line, 10));
  const gaps = numbers.flatMap((number, index) =>
    index > 0 && number !== (numbers[index - 1] ?? 0) + 1 ? [`${numbers[index - 1]}, ${number}`] : [],
  );
  return { first: numbers[0] ?? 0, last: numbers.at(-1) ?? 0, gaps };
}

/** A client that follows a log, with what it says until the log's end. */
function follow(id: string): { readonly stdout: NodeJS.ReadableStream; readonly seen: () => string; readonly text: Promise<string> } {
  const client = spawn(peers()["DOCKER"] ?? "docker", ["logs", "-f", id], {
    env: { ...process.env, DOCKER_HOST: daemon.host },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  client.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const seen = (): string => Buffer.concat(chunks).toString();
  return { stdout: client.stdout, seen, text: once(client, "close").then(seen) };
}

const run = async (...parameters: string[]): Promise<string> => (await docker.ok("run", "-d", ...parameters)).trim();

describe("a container that floods its log (P40)", () => {
  it("keeps within max-size times max-file, and the newest lines without a gap", async () => {
    const id = await run(...SMALL, BUSYBOX, "sh", "-c", "yes 'a line that is written as fast as can be' | head -c 40000000");
    let [most, looks, running] = [0, 0, true];
    while (running) {
      most = Math.max(most, bytesIn(folderOf(id)));
      looks++;
      // The daemon answers meanwhile.
      running = (await daemon.api("GET", `/containers/${id}/json`)).json.State.Running as boolean;
    }
    expect(looks).toBeGreaterThan(0);
    expect(Math.max(most, bytesIn(folderOf(id)))).toBeGreaterThan(1_500_000);
    expect(most).toBeLessThanOrEqual(3_000_000);
    const numbers = readdirSync(folderOf(id)).flatMap((name) => /^container\.log\.(\d+)$/.exec(name)?.[1] ?? []);
    // What was written is many times what was kept.
    expect(Math.max(...numbers.map(Number))).toBeGreaterThan(20);
  });

  it("is followed over rotations without a gap or a repetition", async () => {
    // Goes on when what it wrote was read: whoever reads more slowly than is rotated misses something, rightly.
    const STEP = 15_000;
    const script = countTo(60_000, `[ $((i%${STEP})) = 1 ] && until [ -e /go$i ]; do usleep 20000; done`);
    const id = await run(...SMALL, BUSYBOX, "sh", "-c", `echo 0; ${script}`);
    const follower = follow(id);
    for (let line = 1; line < 60_000; line += STEP) {
      await eventually(() => expect(follower.seen()).toContain(`\n${line} of`));
      await docker.ok("exec", id, "touch", `/go${line}`);
    }
    expect(counted(await follower.text)).toEqual({ first: 0, last: 60_000, gaps: [] });
    const kept = counted(await docker.ok("logs", id));
    expect(kept).toMatchObject({ last: 60_000, gaps: [] });
    expect(kept.first).toBeGreaterThan(1);
    expect(counted(await docker.ok("logs", "--tail", "20000", id))).toEqual({ first: 40_001, last: 60_000, gaps: [] });
    // The file that inspect names is the newest one.
    const path = (await docker.ok("inspect", "-f", "{{.LogPath}}", id)).trim();
    expect(readFileSync(path, "utf8")).toMatch(/ stdout F 60000 of a log that is counted\n$/);
  });

  it("loses and repeats nothing when the daemon is killed again and again in the middle of it", async () => {
    // Writes a little less than a file whenever it is told to: without a daemon a monitor has room for at least that.
    const burst = 'n=$((i+14000)); while [ $i -lt $n ]; do i=$((i+1)); echo "$i of a log that is counted"; done';
    const script = `i=0; trap '${burst}' USR1; echo ready; while :; do sleep 0.05; done`;
    const id = await run("--log-opt", "max-size=1m", "--log-opt", "max-file=40", BUSYBOX, "sh", "-c", script);
    await eventually(async () => expect(await docker.ok("logs", id)).toBe("ready"));
    const pid = Number(await docker.ok("inspect", "-f", "{{.State.Pid}}", id));
    for (let round = 1; round <= 3; round++) {
      const before = bytesIn(folderOf(id));
      process.kill(pid, "SIGUSR1");
      await eventually(() => expect(bytesIn(folderOf(id))).toBeGreaterThan(before + round * 100_000));
      await daemon.kill();
      await daemon.start();
      await eventually(
        async () => expect(await docker.ok("logs", "--tail", "1", id)).toBe(`${round * 14_000} of a log that is counted`),
        30_000,
      );
    }
    await docker.ok("kill", id);
    const { last, gaps } = counted((await docker.ok("logs", id)).replace(/^ready\n/, ""));
    expect([last, gaps]).toEqual([42_000, []]);
  });

  it("waits for a daemon that is stopped, unless it said that it does not want to", async () => {
    const script = "i=0; while :; do i=$((i+1)); echo $i 0123456789012345678901234567890123456789; done";
    const blocking = await run(...SMALL, BUSYBOX, "sh", "-c", script);
    const free = await run(...SMALL, "--log-opt", "mode=non-blocking", BUSYBOX, "sh", "-c", script);
    await eventually(() => expect(bytesIn(folderOf(blocking))).toBeGreaterThan(1_500_000));
    process.kill(daemon.pid, "SIGSTOP");
    try {
      // Filled, and then nothing any more; the other one writes on and on.
      await eventually(() => expect(stillness(folderOf(blocking))).toBe(true));
      await eventually(() => expect(stillness(folderOf(free))).toBe(false));
      expect(bytesIn(folderOf(free))).toBeLessThanOrEqual(3_100_000);
    } finally {
      process.kill(daemon.pid, "SIGCONT");
    }
    await docker.ok("kill", blocking, free);
    expect(counted(await docker.ok("logs", blocking)).gaps).toEqual([]);
  });
});

/** Whether nobody wrote to a folder's files for a second. */
function stillness(folder: string): boolean {
  const newest = (): number =>
    Math.max(...readdirSync(folder).map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0));
  return Date.now() - newest() > 1000;
}

describe("docker logs", () => {
  it("of a compressed log is that of any other", async () => {
    const id = await run("--log-driver", "local", "--log-opt", "max-size=1m", BUSYBOX, "sh", "-c", countTo(40_000));
    await docker.ok("wait", id);
    await eventually(() => expect(readdirSync(folderOf(id)).filter((name) => name.endsWith(".gz")).length).toBeGreaterThan(1));
    expect(counted(await docker.ok("logs", id))).toEqual({ first: 1, last: 40_000, gaps: [] });
    expect(counted(await docker.ok("logs", "--tail", "30000", id)).first).toBe(10_001);
    expect((await docker.ok("logs", "--tail", "1", "-t", id)).trim()).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z 40000 of a log/);
  });

  it("shows labels, variables and the tag as details", async () => {
    const options = ["labels=app", "env=MODE", "tag={{.Name}}"].flatMap((option) => ["--log-opt", option]);
    await run("--name", "detailed", "--label", "app=a b", "-e", "MODE=x", ...options, BUSYBOX, "echo", "hi");
    await docker.ok("wait", "detailed");
    expect(await docker.ok("logs", "--details", "detailed")).toBe("MODE=x,app=a+b,tag=detailed hi");
    expect(await docker.ok("logs", "detailed")).toBe("hi");
  });

  it("keeps bytes and long lines as they were", async () => {
    const script = "head -c 100000 /dev/zero | tr '\\0' 'x'; echo; printf '\\377\\376\\r\\033[1m no newline'";
    const id = await run(BUSYBOX, "sh", "-c", script);
    await docker.ok("wait", id);
    const answer = await daemon.api("GET", `/containers/${id}/logs?stdout=1`);
    expect(answer.text).toContain(`${"x".repeat(100_000)}\n`);
    expect(answer.text.endsWith("\r\u001b[1m no newline")).toBe(true);
  });

  it.each([["--log-driver", "none"]])("of a container with %s %s is refused", async (...flags) => {
    const id = await run(...flags, BUSYBOX, "true");
    const answer = await daemon.api("GET", `/containers/${id}/logs?stdout=1`);
    expect([answer.status, answer.json]).toEqual([501, { message: "configured logging driver does not support reading" }]);
  });

  it("ends when the container is removed while it is followed, and its log is gone", async () => {
    const id = await run(BUSYBOX, "sh", "-c", "echo up; sleep 60");
    const follower = follow(id);
    await once(follower.stdout, "data");
    await docker.ok("rm", "-f", id);
    expect(await follower.text).toBe("up\n");
    await eventually(() => expect(statSync(folderOf(id), { throwIfNoEntry: false })).toBeUndefined());
  });
});

describe("the daemon's own defaults", () => {
  it("are those of containers that say nothing, and are refused when there is no such thing", async () => {
    await daemon.stop();
    await daemon.start("--log-opt", "max-size=2m", "--log-opt", "labels=a");
    const id = await run("--log-opt", "max-file=2", BUSYBOX, "true");
    expect(JSON.parse(await docker.ok("inspect", "-f", "{{json .HostConfig.LogConfig}}", id))).toEqual({
      Type: "json-file",
      Config: { "max-size": "2m", "max-file": "2", labels: "a" },
    });
    await daemon.stop();
    await expect(daemon.start("--log-driver", "gelf")).rejects.toThrow(
      "failed to set log opts: logger: no log driver named 'gelf' is registered",
    );
    await expect(daemon.start("--log-opt", "nope=1")).rejects.toThrow(
      "failed to set log opts: unknown log opt 'nope' for json-file log driver",
    );
    await daemon.start();
  });
});
