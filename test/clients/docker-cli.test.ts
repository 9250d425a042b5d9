import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { useDaemon } from "../support/daemon.ts";
import { DockerCli } from "../support/docker-cli.ts";
import { eventually } from "../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../support/images.ts";
import { freePort } from "../support/registry.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

describe("docker run in the foreground", () => {
  it.each([0, 1, 42, 255])("ends with the container's exit code %i", async (code) => {
    expect((await docker.run(["run", "--rm", BUSYBOX, "sh", "-c", `exit ${code}`])).code).toBe(code);
  });

  it("keeps stdout and stderr apart", async () => {
    const { stdout, stderr } = await docker.run(["run", "--rm", BUSYBOX, "sh", "-c", "echo out; echo err >&2"]);
    expect([stdout, stderr]).toEqual(["out\n", "err\n"]);
  });

  it("passes stdin on, and its end", async () => {
    const { code, stdout } = await docker.run(["run", "--rm", "-i", BUSYBOX, "sh", "-c", "cat; echo end"], { input: "one\ntwo\n" });
    expect([code, stdout]).toEqual([0, "one\ntwo\nend\n"]);
  });

  it("loses nothing of a large output", async () => {
    const { stdout } = await docker.run(["run", "--rm", BUSYBOX, "seq", "1", "200000"]);
    expect(stdout).toHaveLength(1_288_895);
    expect(stdout.endsWith("199999\n200000\n")).toBe(true);
  });

  it("gives 127 for a program that is missing, 126 for one that cannot be executed, 125 for an error of the engine", async () => {
    const missing = await docker.run(["run", "--rm", BUSYBOX, "no-such-program"]);
    expect(missing.code).toBe(127);
    expect(missing.stderr).toContain("no-such-program");
    expect((await docker.run(["run", "--rm", BUSYBOX, "/etc/passwd"])).code).toBe(126);
    expect((await docker.run(["run", "--rm", "--memory", "1k", BUSYBOX, "true"])).code).toBe(125);
    expect((await docker.run(["run", "--rm", "--pull", "never", "no/such:image", "true"])).code).toBe(125);
    expect(await docker.ok("ps", "-aq")).toBe("");
  });

  it("has a terminal with -it, of the right size, and echoes", async () => {
    const { code, stdout } = await docker.run(["run", "--rm", "-it", BUSYBOX, "sh"], { terminal: true, input: "tty; exit 7\n" });
    expect(stdout).toContain("/dev/pts/0");
    expect(code).toBe(7);
  });

  it("dies of the signal that ends the client, by --sig-proxy", async () => {
    const ran = docker.run([
      "run",
      "--rm",
      "--name",
      "proxied",
      BUSYBOX,
      "sh",
      "-c",
      "trap 'exit 33' TERM; echo ready; while :; do sleep 0.1; done",
    ]);
    await eventually(async () => expect(await docker.ok("logs", "proxied")).toBe("ready"));
    await docker.ok("kill", "--signal", "TERM", "proxied");
    expect((await ran).code).toBe(33);
  });
});

describe("docker run's options", () => {
  it("-e, -w, -u, --hostname, --entrypoint, --label", async () => {
    const said = await docker.ok(
      "run",
      "--rm",
      "-e",
      "COLOUR=blue",
      "-w",
      "/tmp",
      "-u",
      "1000:1000",
      "--hostname",
      "boat",
      "--entrypoint",
      "sh",
      BUSYBOX,
      "-c",
      "echo $COLOUR; pwd; id -u; hostname",
    );
    expect(said).toBe("blue\n/tmp\n1000\nboat");
  });

  it("-v binds a folder, and :ro keeps it", async () => {
    const folder = join(daemon.folder, "bound");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "in"), "from the host");
    const said = await docker.ok("run", "--rm", "-v", `${folder}:/data`, BUSYBOX, "sh", "-c", "cat /data/in; echo back >/data/out");
    expect(said).toBe("from the host");
    expect(readFileSync(join(folder, "out"), "utf8")).toBe("back\n");
    const refused = await docker.run(["run", "--rm", "-v", `${folder}:/data:ro`, BUSYBOX, "touch", "/data/x"]);
    // The code tells a mount that was not read-only from words that were lost on the way.
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("Read-only file system") as string });
  });

  it("--memory, --cpus and --pids-limit arrive in the container's cgroup", async () => {
    const id = await docker.ok("run", "-d", "--memory", "64m", "--cpus", "0.5", "--pids-limit", "50", BUSYBOX, "sleep", "1000");
    const said = await docker.ok(
      "exec",
      id,
      "sh",
      "-c",
      "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null; cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null; true",
    );
    expect(said.split(/\s+/)).toEqual(expect.arrayContaining(["67108864", "50000", "50"]));
    await docker.ok("rm", "-f", id);
  });

  it("-p publishes a port that answers on the host", async () => {
    const port = await freePort();
    const id = await docker.ok(
      "run",
      "-d",
      "-p",
      `${port}:80`,
      BUSYBOX,
      "sh",
      "-c",
      "mkdir /www; echo ahoy >/www/index.html; exec httpd -f -p 80 -h /www",
    );
    await eventually(async () => expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("ahoy\n"));
    expect(await docker.ok("port", id)).toContain(`80/tcp -> 0.0.0.0:${port}`);
    expect(await docker.ok("ps", "--format", "{{.Ports}}", "--filter", `id=${id}`)).toContain(`0.0.0.0:${port}->80/tcp`);
    const second = await docker.run(["run", "--rm", "-p", `${port}:80`, BUSYBOX, "true"]);
    expect(second.code).toBe(125);
    expect(second.stderr).toContain("port is already allocated");
    await docker.ok("rm", "-f", id);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  it("--name is taken once", async () => {
    await docker.ok("create", "--name", "only-one", BUSYBOX);
    const second = await docker.run(["create", "--name", "only-one", BUSYBOX]);
    expect(second.stderr).toContain('Conflict. The container name "/only-one" is already in use by container');
    await docker.ok("rm", "only-one");
  });
});

describe("a container in the background", () => {
  it("is listed, logged, entered, paused, renamed, stopped and removed", async () => {
    const id = await docker.ok(
      "run",
      "-d",
      "--name",
      "steady",
      BUSYBOX,
      "sh",
      "-c",
      "trap 'exit 3' TERM; echo up; while :; do sleep 0.1; done",
    );
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await docker.ok("ps", "--no-trunc", "--format", "{{.Names}} {{.Image}} {{.Command}}")).toContain(
      `steady ${BUSYBOX} "sh -c 'trap 'exit 3'`,
    );
    await eventually(async () => expect(await docker.ok("logs", "steady")).toBe("up"));
    expect(await docker.ok("exec", "steady", "sh", "-c", "echo inside; hostname")).toBe(`inside\n${id.slice(0, 12)}`);
    expect((await docker.run(["exec", "steady", "sh", "-c", "exit 9"])).code).toBe(9);
    expect((await docker.run(["exec", "steady", "no-such-program"])).code).toBe(127);
    await eventually(async () => expect(await docker.ok("top", "steady")).toContain("sleep 0.1"));
    await docker.ok("pause", "steady");
    expect(await docker.ok("inspect", "--format", "{{.State.Status}} {{.State.Paused}}", "steady")).toBe("paused true");
    await docker.ok("unpause", "steady");
    await docker.ok("rename", "steady", "steadier");
    await docker.ok("stop", "steadier");
    expect(await docker.ok("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", "steadier")).toBe("exited 3");
    await docker.ok("restart", "steadier");
    expect((await docker.run(["rm", "steadier"])).stderr).toContain("container is running");
    await docker.ok("rm", "-f", "steadier");
    expect((await docker.run(["inspect", "steadier"])).stderr).toContain("No such object: steadier");
  });

  it("has a terminal in exec -it", async () => {
    const id = await docker.ok("run", "-d", BUSYBOX, "sleep", "1000");
    const { code, stdout } = await docker.run(["exec", "-it", id, "sh"], { terminal: true, input: "tty; echo $TERM; exit 5\n" });
    expect(stdout).toContain("/dev/pts/");
    expect(stdout).toContain("xterm");
    expect(code).toBe(5);
    await docker.ok("rm", "-f", id);
  });

  it("is left running by the detach keys", async () => {
    const { code } = await docker.run(["run", "-it", "--name", "left", BUSYBOX, "sh"], { terminal: true, input: "\u0010\u0011" });
    expect(code).toBe(0);
    expect(await docker.ok("inspect", "--format", "{{.State.Running}}", "left")).toBe("true");
    await docker.ok("rm", "-f", "left");
  });

  it("is followed by logs -f until it ends, with tail, since and timestamps", async () => {
    const id = await docker.ok("run", "-d", BUSYBOX, "sh", "-c", "for i in 1 2 3 4 5; do echo line $i; sleep 0.2; done");
    expect(await docker.ok("logs", "-f", id)).toBe("line 1\nline 2\nline 3\nline 4\nline 5");
    expect(await docker.ok("logs", "--tail", "2", id)).toBe("line 4\nline 5");
    const stamped = (await docker.ok("logs", "-t", id)).split("\n");
    expect(stamped[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 1$/);
    expect(await docker.ok("logs", "--since", stamped[3]?.split(" ")[0] ?? "", id)).toBe("line 4\nline 5");
    expect(await docker.ok("logs", "--until", stamped[1]?.split(" ")[0] ?? "", id)).toBe("line 1\nline 2");
    await docker.ok("rm", id);
  });

  it("is waited for", async () => {
    const id = await docker.ok("run", "-d", BUSYBOX, "sh", "-c", "sleep 0.3; exit 12");
    expect(await docker.ok("wait", id)).toBe("12");
    await docker.ok("rm", id);
  });
});

describe("the engine", () => {
  it("is described by version and info without a warning", async () => {
    expect(await docker.ok("version", "--format", "{{.Server.APIVersion}} {{.Server.Os}}")).toBe("1.55 linux");
    const { stdout, stderr, code } = await docker.run(["info"]);
    expect(code).toBe(0);
    expect(stderr + stdout).not.toMatch(/WARNING|ERROR/);
    expect(stdout).toContain("Storage Driver: overlay2");
  });

  it("lists, inspects, tags and removes images", async () => {
    await docker.ok("tag", BUSYBOX, "other/name:1.0");
    expect((await docker.ok("images", "--format", "{{.Repository}}:{{.Tag}}")).split("\n").sort()).toEqual(["other/name:1.0", BUSYBOX]);
    expect(await docker.ok("image", "inspect", "--format", "{{index .Config.Cmd 0}}", "other/name:1.0")).toBe("sh");
    expect(await docker.ok("history", "--no-trunc", "--format", "{{.CreatedBy}}", BUSYBOX)).toContain("dhow: layer 1");
    expect(await docker.ok("rmi", "other/name:1.0")).toBe("Untagged: other/name:1.0");
  });

  it("tells its events, and filters them", async () => {
    const since = String(Date.now() / 1000);
    await docker.ok("run", "--rm", "--name", "told", "--label", "watch=me", BUSYBOX, "true");
    const until = String(Date.now() / 1000 + 0.2);
    const told = await docker.ok("events", "--since", since, "--until", until, "--filter", "label=watch=me", "--format", "{{.Action}}");
    expect(told.split("\n")).toEqual(["create", "attach", "start", "die", "destroy"]);
    const died = await docker.ok(
      "events",
      "--since",
      since,
      "--until",
      until,
      "--filter",
      "event=die",
      "--format",
      "{{.Actor.Attributes.exitCode}} {{.Actor.Attributes.name}}",
    );
    expect(died).toBe("0 told");
  });
});
