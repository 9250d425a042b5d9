import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useDaemon } from "../support/daemon.ts";
import { dhowCli } from "../support/dhow-cli.ts";
import { eventually } from "../support/eventually.ts";
import { BUSYBOX, busyboxArchive, busyboxImage } from "../support/images.ts";
import { freePort, TestRegistry } from "../support/registry.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const dhow = dhowCli(daemon);

describe("dhow run", () => {
  it.each([0, 1, 42, 255])("ends with the container's exit code %i", async (code) => {
    expect((await dhow.run(["run", "--rm", BUSYBOX, "sh", "-c", `exit ${code}`])).code).toBe(code);
  });

  it("keeps stdout and stderr apart", async () => {
    expect(await dhow.run(["run", "--rm", BUSYBOX, "sh", "-c", "echo out; echo err >&2"])).toEqual({
      code: 0,
      stdout: "out\n",
      stderr: "err\n",
    });
  });

  it("attaches to what it is told to", async () => {
    const { stdout, stderr } = await dhow.run(["run", "--rm", "-a", "stderr", BUSYBOX, "sh", "-c", "echo out; echo err >&2"]);
    expect([stdout, stderr]).toEqual(["", "err\n"]);
  });

  it("passes stdin on, and its end", async () => {
    const { code, stdout } = await dhow.run(["run", "--rm", "-i", BUSYBOX, "sh", "-c", "cat; echo end"], { input: "one\ntwo\n" });
    expect([code, stdout]).toEqual([0, "one\ntwo\nend\n"]);
  });

  it("loses nothing of a large output", async () => {
    const { stdout } = await dhow.run(["run", "--rm", BUSYBOX, "seq", "1", "200000"]);
    expect(stdout).toHaveLength(1_288_895);
    expect(stdout.endsWith("199999\n200000\n")).toBe(true);
  });

  it("gives 127 for a program that is missing, 126 for one that cannot be executed, 125 for an error of the engine", async () => {
    const missing = await dhow.run(["run", "--rm", BUSYBOX, "no-such-program"]);
    expect(missing.code).toBe(127);
    expect(missing.stderr).toMatch(/^dhow: Error response from daemon: .*"no-such-program"/);
    expect((await dhow.run(["run", "--rm", BUSYBOX, "/etc/passwd"])).code).toBe(126);
    expect((await dhow.run(["run", "--rm", "--memory", "1k", BUSYBOX, "true"])).code).toBe(125);
    expect((await dhow.run(["run", "-d", "--rm", BUSYBOX, "no-such-program"])).code).toBe(127);
    const none = await dhow.run(["run", "--rm", "--pull", "never", "no/such:image", "true"]);
    expect(none).toEqual({ code: 125, stdout: "", stderr: "dhow: Error response from daemon: No such image: no/such:image\n" });
    expect(await dhow.ok("ps", "-aq")).toBe("");
  });

  it("hands the container what the flags say", async () => {
    writeFileSync(join(daemon.folder, "variables"), "# two\nSAIL=lateen\nCOLOUR=red\n");
    const folder = join(daemon.folder, "bound");
    mkdirSync(folder, { recursive: true });
    const words = ["--env-file", join(daemon.folder, "variables"), "-eCOLOUR=blue", "-w", "/tmp", "-u", "1000:1000", "-h", "boat"];
    const mounts = ["-v", `${folder}:/data:ro`, "--mount", "type=tmpfs,dst=/scratch", "--tmpfs", "/more:size=1m"];
    const said = await dhow.ok(
      "run",
      "--rm",
      ...words,
      ...mounts,
      "--entrypoint",
      "sh",
      BUSYBOX,
      "-c",
      "echo $SAIL $COLOUR; pwd; id -u; hostname; grep -c -E ' (/data|/scratch|/more) ' /proc/mounts",
    );
    expect(said).toBe("lateen blue\n/tmp\n1000\nboat\n3");
  });

  it("publishes ports", async () => {
    const port = await freePort();
    const serve = "mkdir /www; echo ahoy >/www/index.html; exec httpd -f -p 80 -h /www";
    const id = await dhow.ok("run", "-d", "--rm", "-p", `127.0.0.1:${port}:80`, BUSYBOX, "sh", "-c", serve);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    await eventually(async () => expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("ahoy\n"));
    expect(await dhow.ok("ps", "--format", "{{.Ports}}")).toBe(`127.0.0.1:${port}->80/tcp`);
    await dhow.ok("rm", "-f", id);
  });

  it("writes the id where it is told to, and never over another", async () => {
    const file = join(daemon.folder, "cid");
    rmSync(file, { force: true });
    const id = await dhow.ok("run", "-d", "--cidfile", file, BUSYBOX, "sleep", "1000");
    expect(readFileSync(file, "utf8")).toBe(id);
    const second = await dhow.run(["run", "--cidfile", file, BUSYBOX, "true"]);
    expect(second).toMatchObject({ code: 125, stderr: expect.stringContaining("container ID file found") as string });
    const other = join(daemon.folder, "cid2");
    await dhow.run(["run", "--cidfile", other, "--pull", "never", "none", "true"]);
    expect(existsSync(other)).toBe(false);
    await dhow.ok("rm", "-f", id);
  });

  it("passes signals on", async () => {
    const program = "trap 'exit 33' TERM; echo ready; while :; do sleep 0.1; done";
    const ran = dhow.run(["run", "--rm", "--name", "proxied", BUSYBOX, "sh", "-c", program], { signalAtOutput: "SIGTERM" });
    expect(await ran).toMatchObject({ code: 33, stdout: "ready\n" });
  });

  it("lets go of a program that will not end, when it is asked to three times", async () => {
    const ran = await dhow.run(["run", "--name", "deaf", BUSYBOX, "sh", "-c", "trap '' INT; echo ready; while :; do sleep 0.1; done"], {
      signalAtOutput: "SIGINT",
      signals: 3,
    });
    expect(ran).toMatchObject({ code: 1, stderr: "dhow: got 3 SIGTERM/SIGINTs, forcefully exiting\n" });
    expect(await dhow.ok("ps", "-q", "--filter", "name=deaf")).not.toBe("");
    await dhow.ok("rm", "-f", "deaf");
  });
});

describe("dhow run on a terminal", () => {
  it("has one inside, of the same size, and the exit code", async () => {
    const { code, stdout } = await dhow.run(["run", "--rm", "-it", BUSYBOX, "sh"], {
      terminal: true,
      input: "tty; stty size; echo $TERM; exit 7\n",
    });
    expect(stdout).toContain("/dev/pts/0");
    expect(stdout).toContain("xterm");
    expect(code).toBe(7);
  });

  it("is left by the detach keys", async () => {
    const { code } = await dhow.run(["run", "-it", "--name", "left", BUSYBOX, "sh"], { terminal: true, input: "\u0010\u0011" });
    expect(code).toBe(0);
    expect(await dhow.ok("ps", "--format", "{{.State}}", "--filter", "name=left")).toBe("running");
    await dhow.ok("rm", "-f", "left");
  });

  it("is left by other keys, when those are asked for", async () => {
    const { code } = await dhow.run(["run", "-it", "--name", "left", "--detach-keys", "ctrl-x", BUSYBOX, "sh"], {
      terminal: true,
      input: "\u0018",
    });
    expect(code).toBe(0);
    await dhow.ok("rm", "-f", "left");
  });

  it("needs one to type into", async () => {
    expect(await dhow.run(["run", "-it", BUSYBOX, "sh"])).toEqual({ code: 1, stdout: "", stderr: "dhow: the input device is not a TTY\n" });
  });
});

describe("an image that is not there", () => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await TestRegistry.start();
    await registry.push("team/app", "v1", busyboxImage());
  });
  afterAll(() => registry.stop());

  it("is pulled, with its progress beside the container's output", async () => {
    const name = `${registry.host}/team/app:v1`;
    const { code, stdout, stderr } = await dhow.run(["run", "--rm", name, "echo", "ahoy"]);
    expect([code, stdout]).toEqual([0, "ahoy\n"]);
    expect(stderr).toMatch(new RegExp(`^Unable to find image '${name}' locally\nv1: Pulling from team/app\n`));
    expect((await dhow.run(["run", "--rm", "--pull", "always", "-q", name, "true"])).stderr).toBe("");
  });

  it("and is nowhere: 125", async () => {
    const { code, stderr } = await dhow.run(["run", "--rm", `${registry.host}/team/none`, "true"]);
    expect(code).toBe(125);
    expect(stderr).toMatch(/^Unable to find image .*\ndhow: Error response from daemon: manifest for .* not found/);
  });

  it("is drawn on a terminal while it comes, and told in lines elsewhere", async () => {
    const name = `${registry.host}/team/app:v1`;
    const plain = await dhow.ok("pull", name);
    expect(plain.split("\n").slice(-3)).toEqual([
      expect.stringMatching(/^Digest: sha256:[0-9a-f]{64}$/) as string,
      `Status: Image is up to date for ${name}`,
      name,
    ]);
    expect(await dhow.ok("pull", "-q", name)).toBe(name);
    const drawn = await dhow.run(["pull", name], { terminal: true });
    expect(drawn.stdout).toContain("Already exists");
    expect((await dhow.run(["pull", `${registry.host}/team/none`])).code).toBe(1);
  });
});
