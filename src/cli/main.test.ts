import { describe, expect, it } from "vitest";
import { dhowVersion } from "#spec/identity.ts";
import { runCli } from "./main.ts";
import { testStreams } from "./testing.ts";

async function run(argv: string, environment: Record<string, string> = {}): Promise<{ code: number; output: string; errors: string }> {
  const streams = testStreams();
  const code = await runCli(argv.split(" ").filter(Boolean), {
    streams,
    environment: { HOME: "/nowhere", DOCKER_HOST: "unix:///nowhere.sock", ...environment },
    currentFolder: "/",
  });
  return { code, ...streams.written };
}

describe("the command line", () => {
  it.each(["", "--help", "-h", "--help ps"])("%j: help", async (argv) => {
    expect(await run(argv)).toMatchObject({ code: 0, output: expect.stringMatching(/^Usage: {2}dhow \[OPTIONS\] COMMAND/) as string });
  });

  it.each([
    ["-v", `Dhow version ${dhowVersion}, Docker API 1.55\n`],
    ["--version ps", `Dhow version ${dhowVersion}, Docker API 1.55\n`],
  ])("%s", async (argv, output) => {
    expect(await run(argv)).toEqual({ code: 0, output, errors: "" });
  });

  it.each([
    ["ps --help", "Usage:  dhow ps [OPTIONS]\n"],
    ["container ls --help", "Usage:  dhow container ls [OPTIONS]\n"],
    ["container", "Usage:  dhow container COMMAND\n"],
    ["container --help", "Usage:  dhow container COMMAND\n"],
  ])("%s", async (argv, beginning) => {
    const { code, output } = await run(argv);
    expect([code, output.slice(0, beginning.length)]).toEqual([0, beginning]);
  });

  it.each([
    ["nonsense", 1, "dhow: unknown command: dhow nonsense\n\nRun 'dhow --help' for more information\n"],
    ["container nonsense", 1, "dhow: unknown command: dhow container nonsense\n\nRun 'dhow --help' for more information\n"],
    ["--nonsense ps", 125, "unknown flag: --nonsense\n\nUsage:  dhow [OPTIONS] COMMAND\n\nRun 'dhow --help' for more information\n"],
    ["ps --nonsense", 125, "unknown flag: --nonsense\n\nUsage:  dhow ps [OPTIONS]\n\nRun 'dhow ps --help' for more information\n"],
    ["ps x", 1, "dhow: 'dhow ps' accepts no arguments\n\nUsage:  dhow ps [OPTIONS]\n\nRun 'dhow ps --help' for more information\n"],
    ["logs", 1, /^dhow: 'dhow logs' requires 1 argument\n/],
    ["logs a b", 1, /^dhow: 'dhow logs' requires 1 argument\n/],
    ["rm", 1, /^dhow: 'dhow rm' requires at least 1 argument\n/],
    ["exec x", 1, /^dhow: 'dhow exec' requires at least 2 arguments\n/],
    ["images a b", 1, /^dhow: 'dhow images' requires at most 1 argument\n/],
    ["ps", 1, "dhow: Cannot connect to the Docker daemon at unix:///nowhere.sock. Is the docker daemon running?\n"],
    ["run x", 125, /^dhow: Cannot connect to the Docker daemon/],
    ["run -it x", 1, "dhow: the input device is not a TTY\n"],
    ["-H unix:///x -c y ps", 1, "dhow: conflicting options: cannot specify both --host and --context\n"],
    ["pull BAD", 1, "dhow: invalid reference format: repository name (library/BAD) must be lowercase\n"],
  ])("%s: exit code %i", async (argv, code, errors) => {
    const ran = await run(argv);
    expect(ran.code).toBe(code);
    if (typeof errors === "string") expect(ran.errors).toBe(errors);
    else expect(ran.errors).toMatch(errors);
  });

  it("tells of the client where there is no daemon, and fails all the same", async () => {
    const version = await run("version");
    expect(version).toMatchObject({ code: 1, output: expect.stringContaining(` Version:           ${dhowVersion}`) as string });
    expect(await run("version --format {{.Client.Version}}")).toMatchObject({ code: 1, output: `${dhowVersion}\n` });
    expect(await run("version --format {{.Server.Version}}")).toMatchObject({ code: 1, output: "" });
    expect(await run("info")).toMatchObject({ code: 1, output: expect.stringContaining("Client:\n") as string });
  });

  it("says where an error came from when it is asked to", async () => {
    expect((await run("-D ps")).errors).toMatch(/caused by Error: connect ENOENT/);
  });

  it("does not let an error's words act on the terminal", async () => {
    expect((await run("-H unix:///a\u001b[2J ps")).errors).not.toContain("\u001b");
  });
});
