import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli, runProgram, type Ran } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { median } from "../../support/median.ts";
import { peers } from "../../support/peers.ts";
import { reboot } from "../../support/reboot.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);
const composeProgram = peers()["COMPOSE"];

afterAll(() => void delete process.env["DHOW_TEST_BOOT_ID"]);

/** `db` is healthy at its first start, and at later ones when the test says so; `broken` starts once and never again. */
const PROJECT = `
x-all: &all { image: "${BUSYBOX}", network_mode: none, restart: always, stop_grace_period: 0s }
services:
  web:
    <<: *all
    command: sleep 1000
    depends_on:
      db: { condition: service_healthy }
      migrate: { condition: service_completed_successfully }
  aside:
    <<: *all
    command: sleep 1000
    depends_on:
      broken: { condition: service_started }
  db:
    <<: *all
    command: ["sh", "-c", "rm -f /ready; test -e /booted || touch /ready; touch /booted; exec sleep 1000"]
    healthcheck: { test: "test -e /ready", interval: 100ms, retries: 10000 }
  migrate:
    <<: *all
    restart: "no"
    command: "true"
  broken:
    <<: *all
    command: ["/once"]
    entrypoint: ["/bin/sh", "-c", "exec sleep 1000"]
`;

async function compose(...words: string[]): Promise<Ran> {
  const environment = { HOME: daemon.folder, DOCKER_HOST: daemon.host };
  return await runProgram([composeProgram ?? "", "-f", join(daemon.folder, "boot.yaml"), "-p", "boot", ...words], { environment });
}

interface Told {
  readonly Action: string;
  readonly Actor: { readonly Attributes: Record<string, string> };
}

async function eventsSince(since: number): Promise<string[]> {
  const { text } = await daemon.api("GET", `/events?since=${since}&until=${Math.ceil(Date.now() / 1000)}`);
  const told = text
    .trim()
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Told);
  return told
    .filter(({ Action }) => Action === "start" || Action.startsWith("health_status"))
    .map(({ Action, Actor }) => `${Actor.Attributes["com.docker.compose.service"]} ${Action}`);
}

const stateOf = async (name: string): Promise<{ Status: string; Error: string }> =>
  (await daemon.api("GET", `/containers/${name}/json`)).json.State;

it.skipIf(composeProgram === undefined)(
  "an unmodified compose project comes up in the order of depends_on after a reboot of the host",
  async () => {
    writeFileSync(join(daemon.folder, "boot.yaml"), PROJECT);
    expect(await compose("up", "-d")).toMatchObject({ code: 0 });
    await docker.ok("exec", "boot-broken-1", "rm", "/bin/sh");
    await reboot(daemon);
    const since = Date.now() / 1000;
    await daemon.start();
    await eventually(async () => expect((await stateOf("boot-aside-1")).Status).toBe("running"));
    expect((await stateOf("boot-web-1")).Status).not.toBe("running");
    await docker.ok("exec", "boot-db-1", "touch", "/ready");
    await eventually(async () => expect((await stateOf("boot-web-1")).Status).toBe("running"));
    await eventually(async () => {
      const events = await eventsSince(since);
      expect(events.filter((event) => /^(?:db|web) /.test(event))).toEqual(["db start", "db health_status: healthy", "web start"]);
    });
    expect(await stateOf("boot-broken-1")).toMatchObject({ Status: "exited", Error: expect.stringContaining("/bin/sh") });
    expect(daemon.log).toMatch(/boot-web-1 waits to be started .*boot-db-1 \(service_healthy\)/);
    expect(daemon.log).toContain("boot-aside-1 is started without what it depends on");
    expect(await compose("down", "-t", "0")).toMatchObject({ code: 0 });
  },
  120_000,
);

it("a container follows the restart of what it depends on where its label says so", async () => {
  const labels = (service: string, ...more: string[]): string[] =>
    ["com.docker.compose.project=follow", `com.docker.compose.service=${service}`, ...more].flatMap((label) => ["--label", label]);
  const dependsOn = "com.docker.compose.depends_on=db:service_healthy:true";
  const flags = ["--network", "none", "--stop-timeout", "0"];
  const health = ["--health-cmd", "true", "--health-interval", "200ms", "--restart", "always"];
  await docker.ok(
    "run",
    "-d",
    "--name",
    "db",
    ...flags,
    ...health,
    ...labels("db"),
    BUSYBOX,
    "sh",
    "-c",
    "test -e /end && exec sleep 1000; until [ -e /end ]; do sleep 0.05; done",
  );
  await docker.ok(
    "run",
    "-d",
    "--name",
    "asks",
    ...flags,
    ...labels("asks", dependsOn, "dhow.depends-on.restart=true"),
    BUSYBOX,
    "sleep",
    "1000",
  );
  await docker.ok("run", "-d", "--name", "quiet", ...flags, ...labels("quiet", dependsOn), BUSYBOX, "sleep", "1000");
  await docker.ok("exec", "db", "touch", "/end");
  const count = async (name: string): Promise<number> => (await daemon.api("GET", `/containers/${name}/json`)).json.RestartCount;
  await eventually(async () => expect([await count("db"), await count("asks")]).toEqual([1, 1]));
  expect(await count("quiet")).toBe(0);
  const id = await docker.ok("inspect", "-f", "{{.Id}}", "asks");
  await eventually(async () => {
    const until = String(Date.now() / 1000);
    const told = await docker.ok("events", "--since", "1", "--until", until, "--filter", `container=${id}`, "--format", "{{.Action}}");
    expect(told.split("\n")).toEqual(["create", "start", "depends_on: restart", "kill", "kill", "stop", "die", "start", "restart"]);
  });
  await docker.ok("rm", "-f", "db", "asks", "quiet");
});

it("a storm of containers is started a few at a time, and the API answers meanwhile", async () => {
  const count = 40;
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const body = { Image: BUSYBOX, Cmd: ["sleep", "1000"], HostConfig: { RestartPolicy: { Name: "always" }, NetworkMode: "none" } };
      await daemon.api("POST", `/containers/create?name=storm-${index}`, body);
      await daemon.api("POST", `/containers/storm-${index}/start`);
    }),
  );
  await reboot(daemon);
  await daemon.start();
  const waits: number[] = [];
  await eventually(async () => {
    const asked = performance.now();
    const { json } = await daemon.api("GET", "/containers/json");
    waits.push(performance.now() - asked);
    expect((json as { State: string }[]).filter(({ State }) => State === "running")).toHaveLength(count);
  }, 120_000);
  expect(median(waits)).toBeLessThan(1000);
}, 180_000);
