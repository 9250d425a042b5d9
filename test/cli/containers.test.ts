import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { useDaemon } from "../support/daemon.ts";
import { dhowCli } from "../support/dhow-cli.ts";
import { DockerCli } from "../support/docker-cli.ts";
import { eventually } from "../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../support/images.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const dhow = dhowCli(daemon);
const docker = new DockerCli(daemon);

const start = (name: string, program = "sleep 1000"): Promise<string> =>
  dhow.ok("run", "-d", "--name", name, "--label", "test=1", BUSYBOX, "sh", "-c", `trap 'exit 3' TERM; ${program} & wait`);

async function removeAll(): Promise<void> {
  const ids = (await dhow.ok("ps", "-aq")).split("\n").filter(Boolean);
  if (ids.length > 0) await dhow.ok("rm", "-f", ...ids);
}

describe("what is listed and shown", () => {
  beforeAll(async () => {
    await start("up");
    await dhow.ok("run", "--name", "done", BUSYBOX, "echo", "hello");
  });
  afterAll(removeAll);

  it.each([
    [["ps", "-a"]],
    [["ps", "-as", "--no-trunc"]],
    [["ps", "-q"]],
    [["ps", "-aq", "--no-trunc"]],
    [["ps", "-l", "--format", "{{.Names}} {{.Image}}"]],
    [["ps", "-n", "1", "-q"]],
    [["ps", "-a", "--filter", "status=exited", "--format", "table {{.Names}}\t{{.State}}"]],
    [["ps", "-a", "--format", '{{.Label "test"}}|{{.Labels}}|{{.Command}}|{{.Networks}}|{{.Mounts}}|{{.CreatedAt}}']],
    [["container", "ls", "-a", "--format", "{{upper .Names}}"]],
    [["images"]],
    [["images", "--digests", "--no-trunc"]],
    [["images", "-q"]],
    [["images", "test/busybox", "--format", "{{.Repository}}:{{.Tag}} {{.Size}}"]],
    [["images", "none"]],
    [["logs", "done"]],
    [["version", "--format", "{{.Server.APIVersion}} {{.Server.Platform.Name}} {{.Server.Os}}"]],
    [["info", "--format", "{{.NCPU}} {{.ServerVersion}} {{json .SecurityOptions}} {{.Driver}}"]],
  ])("%j says what docker's command line says", async (words) => {
    // What has gone by meanwhile is not what this is about, nor how wide it made a column.
    const timeless = (text: string): string =>
      text.replaceAll(/(\d+|An?|About an?|Less than a) (second|minute)s?/g, "a while").replaceAll(/ {2,}/g, "  ");
    expect(timeless(await dhow.ok(...words))).toBe(timeless(await docker.ok(...words)));
  });

  it("is in JSON what it is in docker's, field by field", async () => {
    const ours = JSON.parse(await dhow.ok("ps", "--format", "json")) as Record<string, unknown>;
    const { Platform: _platform, ...theirs } = JSON.parse(await docker.ok("ps", "--format", "json")) as Record<string, unknown>;
    const steady = (row: Record<string, unknown>): object => ({ ...row, RunningFor: "", Status: "" });
    expect(steady(ours)).toEqual(steady(theirs));
  });

  it("is refused where it is not known", async () => {
    expect(await dhow.run(["ps", "--filter", "colour=blue"])).toMatchObject({
      code: 1,
      stderr: "dhow: Error response from daemon: invalid filter 'colour'\n",
    });
    expect((await dhow.run(["ps", "--format", "{{.Nonsense}}"])).stderr).toBe("dhow: can't evaluate field Nonsense\n");
  });
});

describe("dhow logs", () => {
  afterEach(removeAll);

  it("follows to the end, by tail, since and timestamps", async () => {
    await dhow.ok(
      "run",
      "-d",
      "--name",
      "counting",
      BUSYBOX,
      "sh",
      "-c",
      "for i in 1 2 3 4 5; do echo line $i; sleep 0.2; done; echo bad >&2",
    );
    const followed = await dhow.run(["logs", "-f", "counting"]);
    expect(followed).toEqual({ code: 0, stdout: "line 1\nline 2\nline 3\nline 4\nline 5\n", stderr: "bad\n" });
    expect((await dhow.run(["logs", "-n2", "counting"])).stdout).toBe("line 5\n");
    expect((await dhow.run(["logs", "--tail", "all", "counting"])).stdout).toContain("line 1\n");
    const stamps = (await dhow.ok("logs", "-t", "counting")).split("\n");
    expect(stamps[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 1$/);
    const fourth = stamps[3]?.split(" ")[0] ?? "";
    expect(await dhow.ok("logs", "--since", fourth, "counting")).toBe("line 4\nline 5");
    expect(await dhow.ok("logs", "--until", fourth, "counting")).toBe("line 1\nline 2\nline 3\nline 4");
  });

  it("ends quietly when nobody reads on", async () => {
    await start("talking", "while :; do echo tick; sleep 0.1; done");
    const shell = await dhow.run(["logs", "-f", "talking"], { until: "tick\ntick\n" });
    expect(shell.stderr).toBe("");
    expect(shell.code).toBe(141);
  });
});

describe("dhow exec", () => {
  afterEach(removeAll);

  it("runs a program inside, with its own variables, folder and user", async () => {
    await start("up");
    const said = await dhow.ok("exec", "-e", "A=1", "-w", "/tmp", "-u", "1000", "up", "sh", "-c", "echo $A; pwd; id -u");
    expect(said).toBe("1\n/tmp\n1000");
    expect(await dhow.run(["exec", "up", "sh", "-c", "echo out; echo err >&2; exit 9"])).toEqual({
      code: 9,
      stdout: "out\n",
      stderr: "err\n",
    });
    expect(await dhow.run(["exec", "-i", "up", "cat"], { input: "typed" })).toMatchObject({ code: 0, stdout: "typed" });
    expect((await dhow.run(["exec", "up", "no-such-program"])).code).toBe(127);
    expect((await dhow.run(["exec", "up", "/etc/passwd"])).code).toBe(126);
    await dhow.ok("exec", "-d", "up", "touch", "/tmp/touched");
    await eventually(async () => expect(await dhow.ok("exec", "up", "ls", "/tmp")).toBe("touched"));
  });

  it("has a terminal, which can be left", async () => {
    await start("up");
    const typed = await dhow.run(["exec", "-it", "up", "sh"], { terminal: true, input: "tty; echo $TERM; exit 5\n" });
    expect(typed.stdout).toContain("/dev/pts/");
    expect(typed.stdout).toContain("xterm");
    expect(typed.code).toBe(5);
    expect((await dhow.run(["exec", "-it", "up", "sh"], { terminal: true, input: "\u0010\u0011" })).code).toBe(0);
  });

  it("says first that there is no such container", async () => {
    expect(await dhow.run(["exec", "-it", "none", "sh"])).toMatchObject({
      code: 1,
      stderr: "dhow: Error response from daemon: No such container: none\n",
    });
  });
});

describe("dhow stop and rm", () => {
  afterEach(removeAll);

  it("take several, and tell of each", async () => {
    await Promise.all([start("one"), start("two")]);
    expect(await dhow.run(["stop", "one", "none", "two"])).toEqual({
      code: 1,
      stdout: "one\ntwo\n",
      stderr: "Error response from daemon: No such container: none\n",
    });
    expect(await dhow.ok("ps", "-a", "--filter", "name=one", "--format", "{{.Status}}")).toMatch(/^Exited \(3\)/);
    expect(await dhow.ok("rm", "one", "two")).toBe("one\ntwo");
  });

  it("stop by another signal, or at once", async () => {
    await dhow.ok("run", "-d", "--name", "deaf", BUSYBOX, "sh", "-c", "trap '' TERM; trap 'exit 8' USR1; while :; do sleep 0.1; done");
    await dhow.ok("stop", "-s", "USR1", "deaf");
    expect(await dhow.ok("ps", "-a", "--format", "{{.Status}}")).toMatch(/^Exited \(8\)/);
    await docker.ok("start", "deaf");
    await dhow.ok("stop", "deaf", "-t", "0");
    expect(await dhow.ok("ps", "-a", "--format", "{{.Status}}")).toMatch(/^Exited \(137\)/);
  });

  it("rm refuses what runs, unless it is forced, and forgives then what is not there", async () => {
    await start("up");
    expect(await dhow.run(["rm", "up"])).toMatchObject({ code: 1, stderr: expect.stringContaining("container is running") as string });
    expect(await dhow.ok("rm", "-fv", "up")).toBe("up");
    expect(await dhow.run(["rm", "-f", "up"])).toMatchObject({ code: 0, stderr: "Error response from daemon: No such container: up\n" });
    expect((await dhow.run(["rm", "up"])).code).toBe(1);
  });
});
