import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { dhowCli } from "../../support/dhow-cli.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive, imageArchive } from "../../support/images.ts";

const labelled = (): Buffer =>
  imageArchive("test/labelled:latest", { Cmd: ["sh"], Labels: { "dhow.network.rate.in": "8kbit", other: "x" } });

/** How fast a container may receive and send, measured between two of them; the peer is not limited. */
const daemon = useDaemon({ images: [busyboxArchive, labelled] });
const docker = new DockerCli(daemon);
const dhow = dhowCli(daemon);
const MEGABYTE = 1e6;

const addressOf = (name: string): Promise<string> => docker.ok("inspect", "-f", "{{.NetworkSettings.Networks.bridge.IPAddress}}", name);
const labelsOf = async (name: string): Promise<Record<string, string>> =>
  (await daemon.api("GET", `/containers/${name}/json`)).json.Config.Labels as Record<string, string>;

/** Queues on the host that belong to limits of this daemon. */
const queues = (): string[] => readdirSync("/sys/class/net").filter((name) => name.startsWith(`${daemon.instance.vethPrefix}i`));

/** Mbit/s of one transfer, by the clock of the receiver. */
async function throughput(from: string, to: string, megabytes: number): Promise<number> {
  const address = await addressOf(to);
  const bytes = megabytes * MEGABYTE;
  // With an end of its input nc would tell the sender that nobody listens: a FIFO that it opened both ways has none.
  const receive = `[ -e /fifo ] || mkfifo /fifo; nc -lp 5001 <>/fifo | (head -c 1000 >/dev/null; cut -d' ' -f1 /proc/uptime; wc -c; cut -d' ' -f1 /proc/uptime)`;
  const receiver = docker.ok("exec", to, "sh", "-c", receive);
  await eventually(async () => expect(await docker.ok("exec", to, "cat", "/proc/net/tcp", "/proc/net/tcp6")).toContain(":1389 "));
  await docker.ok("exec", from, "sh", "-c", `head -c ${bytes} /dev/zero | nc ${address} 5001`);
  const [began = 0, received = 0, ended = 0] = (await receiver).split("\n").map(Number);
  expect(received).toBeGreaterThan(bytes * 0.99 - 1000);
  return (received * 8) / MEGABYTE / (ended - began);
}

/** Measures until it is as expected, five times at most: a program that had to wait for a processor has measured that. */
async function measure(from: string, to: string, megabytes: number, isExpected: (measured: number) => boolean): Promise<void> {
  const found: number[] = [];
  do found.push(await throughput(from, to, megabytes));
  while (!isExpected(found.at(-1) ?? 0) && found.length < 5);
  expect(found.at(-1), `Mbit/s from ${from} to ${to}: ${found.join(", ")}`).toSatisfy(isExpected);
}

beforeAll(async () => {
  await docker.ok("run", "-d", "--name", "peer", BUSYBOX, "sleep", "10000");
});
afterAll(async () => {
  await docker.ok("rm", "-f", "peer");
});

describe("a network rate", () => {
  test("by labels, in and out, over an update, a restart and a new daemon, and nothing is left", { timeout: 120_000 }, async () => {
    const labels = ["dhow.network.rate.in=8mbit", "dhow.network.burst.in=64k", "dhow.network.rate.out=16mbit"].flatMap((one) => [
      "--label",
      one,
    ]);
    await docker.ok("run", "-d", "--name", "slow", ...labels, BUSYBOX, "sleep", "10000");
    const expectRates = async (inbound: number, outbound: number): Promise<void> => {
      for (const [from, to, rate] of [
        ["peer", "slow", inbound],
        ["slow", "peer", outbound],
      ] as const) {
        await measure(from, to, rate / 8, (measured) => measured > rate * 0.2 && measured < rate * 1.5);
      }
    };
    await expectRates(8, 16);
    expect(queues()).toHaveLength(1);
    await dhow.ok("container", "update", "--network-rate", "in=24mbit,out=4mbit", "slow");
    expect(await labelsOf("slow")).toMatchObject({
      "dhow.network.rate.in": "24mbit",
      "dhow.network.burst.in": "64k",
      "dhow.network.rate.out": "4mbit",
    });
    await expectRates(24, 4);
    await docker.ok("restart", "-t", "0", "slow");
    await expectRates(24, 4);
    await daemon.kill();
    await daemon.start();
    expect(queues()).toHaveLength(1);
    await expectRates(24, 4);
    const freed = await daemon.api("POST", "/containers/slow/update", { NetworkRate: { RateIn: "", RateOut: "", BurstIn: "" } });
    expect(freed.status).toBe(200);
    expect(queues()).toEqual([]);
    expect(await labelsOf("slow")).toEqual({});
    await measure("peer", "slow", 8, (measured) => measured > 30);
    await docker.ok("rm", "-f", "slow");
  });

  test("of dhow run, in both directions at once", async () => {
    await dhow.ok("run", "-d", "--name", "both", "--network-rate", "4mbit", BUSYBOX, "sleep", "10000");
    expect(await labelsOf("both")).toEqual({ "dhow.network.rate.in": "4mbit", "dhow.network.rate.out": "4mbit" });
    await measure("both", "peer", 1, (measured) => measured < 8);
    await docker.ok("rm", "-f", "both");
    await eventually(() => expect(queues()).toEqual([]));
  });

  test("leaves nothing behind when the daemon is killed with the container's end unseen", async () => {
    await docker.ok("run", "-d", "--name", "gone", "--label", "dhow.network.rate.out=8mbit", BUSYBOX, "sleep", "10000");
    const pid = await docker.ok("inspect", "-f", "{{.State.Pid}}", "gone");
    await daemon.kill();
    process.kill(Number(pid), "SIGKILL");
    // And one that no record knows.
    const stray = `${daemon.instance.vethPrefix}i00000000`;
    execFileSync("ip", ["link", "add", stray, "type", "ifb"]);
    await daemon.start();
    await eventually(() => expect(queues()).toEqual([]));
    await docker.ok("rm", "gone");
  });

  test("of each network that a container is on, also one that it joins later", async () => {
    await docker.ok("network", "create", "second");
    await docker.ok("run", "-d", "--name", "multi", "--label", "dhow.network.rate.out=8mbit", BUSYBOX, "sleep", "10000");
    await docker.ok("network", "connect", "second", "multi");
    expect(queues()).toHaveLength(2);
    await docker.ok("network", "disconnect", "second", "multi");
    expect(queues()).toHaveLength(1);
    await docker.ok("rm", "-f", "multi");
    await docker.ok("network", "rm", "second");
  });

  test("of an image is nobody's", async () => {
    await docker.ok("create", "--name", "plain", "test/labelled:latest");
    expect(await labelsOf("plain")).toEqual({ other: "x" });
    await docker.ok("rm", "plain");
  });
});

describe("is refused", () => {
  const create = (Labels: object, HostConfig: object = {}) =>
    daemon.api("POST", "/containers/create", { Image: BUSYBOX, Labels, HostConfig });

  test.each([
    [{ "dhow.network.rate.in": "fast" }, {}, 'label dhow.network.rate.in: "fast" is no rate'],
    [{ "dhow.network.rate": "1mbit" }, {}, 'unknown label "dhow.network.rate"'],
    [{ "dhow.network.burst.out": "64k" }, {}, "needs dhow.network.rate.out beside it"],
    [{ "dhow.network.rate.in": "1mbit" }, { NetworkMode: "host" }, "needs a network of the container's own: the network mode is host"],
    [{ "dhow.network.rate.in": "1mbit" }, { NetworkMode: "container:peer" }, "the network mode is container:peer"],
  ])("%j with %j", async (labels, hostConfig, message) => {
    const { status, json } = await create(labels, hostConfig);
    expect([status, json.message]).toEqual([400, expect.stringContaining(message)]);
  });

  test.each([
    [{ NetworkRate: { RateIn: "fast" } }, "is no rate"],
    [{ NetworkRate: { Rate: "1mbit" } }, 'NetworkRate: unknown field "Rate"'],
    [{ NetworkRate: { RateIn: 5 } }, "NetworkRate.RateIn: expected a string"],
    [{ NetworkRate: [] }, "NetworkRate: expected an object"],
  ])("an update to %j", async (body, message) => {
    const { status, json } = await daemon.api("POST", "/containers/peer/update", body);
    expect([status, json.message]).toEqual([400, expect.stringContaining(message)]);
    expect(await labelsOf("peer")).toEqual({});
  });
});
