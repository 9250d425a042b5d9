import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

/** A name that no other container has, in an earlier try of this test neither; and no beginning of an id, which the filter takes, too. */
const unique = (role: string): string => `${role}-${randomUUID()}`;

async function eventsOf(name: string): Promise<string> {
  const filters = encodeURIComponent(JSON.stringify({ container: [name] }));
  const { text } = await daemon.api("GET", `/events?since=1&until=${Date.now() / 1000 + 0.001}&filters=${filters}`);
  const events = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { Action: string; Actor: { Attributes: Record<string, string> } });
  return events
    .map(({ Action, Actor: { Attributes } }) => [Action, Attributes["signal"], Attributes["exitCode"]].filter(Boolean).join(" "))
    .join(", ");
}

/** Each as dockerd 28.5.2 was seen to tell it. */
it("what is done to a container is told in Docker's order", async () => {
  const [lasting, failing, trapping, passing] = [unique("lasting"), unique("failing"), unique("trapping"), unique("passing")];
  await docker.ok("run", "-d", "--name", lasting, BUSYBOX, "sleep", "100");
  await docker.ok("stop", "-t", "1", lasting);
  await docker.ok("start", lasting);
  await docker.ok("restart", "-t", "1", lasting);
  await docker.ok("kill", lasting);
  await docker.ok("rm", lasting);
  await eventually(async () =>
    expect(await eventsOf(lasting)).toBe(
      "create, start, kill 15, kill 9, stop, die 137, start, kill 15, kill 9, stop, die 137, start, restart, kill 9, die 137, destroy",
    ),
  );
  await docker.ok("run", "-d", "--name", failing, "--restart", "on-failure:2", BUSYBOX, "sh", "-c", "exit 3");
  await eventually(async () => expect((await daemon.api("GET", `/containers/${failing}/json`)).json.State.Status).toBe("exited"));
  await eventually(async () => expect(await eventsOf(failing)).toBe("create, start, die 3, start, die 3, start, die 3"));
  await docker.ok("run", "-d", "--name", trapping, BUSYBOX, "sh", "-c", "trap 'exit 4' TERM; echo ready; while :; do sleep 0.05; done");
  await eventually(async () => expect(await docker.ok("logs", trapping)).toBe("ready"));
  await docker.ok("stop", trapping);
  await eventually(async () => expect(await eventsOf(trapping)).toBe("create, start, kill 15, stop, die 4"));
  await docker.ok("run", "-d", "--rm", "--name", passing, BUSYBOX, "sleep", "100");
  await docker.ok("stop", "-t", "0", passing);
  await eventually(async () => expect(await eventsOf(passing)).toBe("create, start, kill 15, kill 9, stop, die 137, destroy"));
  await docker.ok("rm", failing, trapping);
});

it("stop: -t 0 kills at once, -t -1 waits as long as it takes, the signal is the container's or the caller's", async () => {
  const script = "trap 'exit 11' USR1; trap 'sleep 1; exit 12' TERM; trap '' INT; echo ready; while :; do sleep 0.05; done";
  const start = async (...flags: string[]): Promise<string> => {
    const id = await docker.ok("run", "-d", ...flags, BUSYBOX, "sh", "-c", script);
    await eventually(async () => expect(await docker.ok("logs", id)).toBe("ready"));
    return id;
  };
  const stopped = async (flags: string[], ...stop: string[]): Promise<number> => {
    const id = await start(...flags);
    await docker.ok("stop", ...stop, id);
    const { ExitCode } = (await daemon.api("GET", `/containers/${id}/json`)).json.State as { ExitCode: number };
    await docker.ok("rm", id);
    return ExitCode;
  };
  const codes = await Promise.all([
    stopped([], "-t", "0"),
    stopped([], "-t", "-1"),
    stopped(["--stop-timeout", "0"]),
    stopped(["--stop-signal", "USR1"]),
    stopped(["--stop-signal", "INT"], "-s", "USR1"),
    stopped(["--stop-signal", "INT", "--stop-timeout", "1"]),
  ]);
  expect(codes).toEqual([137, 12, 137, 11, 11, 137]);
});

it("prune removes what does not run, by until, label and label!", async () => {
  const make = async (name: string, ...flags: string[]): Promise<void> =>
    void (await docker.ok("create", "--name", name, ...flags, BUSYBOX, "true"));
  await make("old", "--label", "keep=no");
  await new Promise((resolve) => setTimeout(resolve, 1100)); // `until` counts in seconds.
  const between = String(Math.floor(Date.now() / 1000));
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await make("new", "--label", "keep=yes");
  await make("bare");
  await docker.ok("run", "-d", "--name", "busy", "--label", "keep=no", BUSYBOX, "sleep", "1000");
  const names = async (): Promise<string[]> => (await docker.ok("ps", "-a", "--format", "{{.Names}}")).split("\n").toSorted();
  const prune = async (...filters: string[]): Promise<string> =>
    await docker.ok("container", "prune", "-f", ...filters.flatMap((filter) => ["--filter", filter]));
  expect(await prune("label=keep=maybe")).toBe("Total reclaimed space: 0B");
  await prune(`until=${between}`, "label=keep");
  expect(await names()).toEqual(["bare", "busy", "new"]);
  await prune("label!=keep");
  expect(await names()).toEqual(["busy", "new"]);
  await prune("until=10m");
  expect(await names()).toEqual(["busy", "new"]);
  await prune("label=keep=yes");
  expect(await names()).toEqual(["busy"]);
  const wrong = await docker.run(["container", "prune", "-f", "--filter", "name=x"]);
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("invalid filter 'name'")]);
  await docker.ok("rm", "-f", "busy");
});
