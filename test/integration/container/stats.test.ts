import { request } from "node:http";
import { describe, expect, test } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

/** One that has a memory limit, keeps a processor busy, and has received something from its neighbour. */
const BUSY = "while :; do :; done";

async function stats(name: string, query: string) {
  const { status, json } = await daemon.api("GET", `/containers/${name}/stats?${query}`);
  expect(status).toBe(200);
  return json;
}

type Line = { name: string; read: string; preread: string; memory_stats: object };

/** A stream under way: what came so far, and its end. */
function follow(path: string) {
  const lines: Line[] = [];
  let rest = "";
  const sent = request({ socketPath: daemon.socket, path });
  const ended = new Promise<void>((resolve, reject) => {
    sent.on("error", reject).on("response", (response) => {
      response.on("end", resolve).on("data", (chunk: Buffer) => {
        const parts = (rest + chunk.toString()).split("\n");
        rest = parts.pop() ?? "";
        lines.push(...parts.map((line) => JSON.parse(line) as Line));
      });
    });
  });
  ended.catch(() => {}); // It is left, as a rule.
  sent.end();
  return { lines, ended, leave: () => sent.destroy() };
}

/** The first lines of a stream, which is left then. */
async function firstLines(path: string, count: number): Promise<Line[]> {
  const stream = follow(path);
  await eventually(() => expect(stream.lines.length).toBeGreaterThanOrEqual(count));
  stream.leave();
  return stream.lines;
}

describe("GET /containers/{id}/stats", () => {
  test("a busy container's real figures, with the second before", async () => {
    await docker.ok("run", "-d", "--name", "busy", "-m", "64m", "--pids-limit", "50", BUSYBOX, "sh", "-c", BUSY);
    // Others use this machine too, and may have all of it for a while; nobody uses more than one processor with one thread.
    const one = await eventually(async () => {
      const shown = await stats("busy", "stream=0");
      const spent = shown.cpu_stats.cpu_usage.total_usage - shown.precpu_stats.cpu_usage.total_usage;
      const passed = shown.cpu_stats.system_cpu_usage - shown.precpu_stats.system_cpu_usage;
      const percent = (spent / passed) * shown.cpu_stats.online_cpus * 100;
      expect(percent).toBeGreaterThan(2);
      expect(percent).toBeLessThan(130);
      return shown;
    });
    expect(one).toMatchObject({ name: "/busy", pids_stats: { current: 1, limit: 50 }, memory_stats: { limit: 64 * 1024 * 1024 } });
    expect(Date.parse(one.read) - Date.parse(one.preread)).toBeGreaterThan(900);
    expect(one.cpu_stats.cpu_usage.usage_in_usermode).toBeGreaterThan(0);
    expect(one.memory_stats.usage).toBeGreaterThan(50_000);
    await docker.ok("rm", "-f", "busy");
  });

  test("bytes read and written on a disk and on the network", async () => {
    const folder = `${daemon.folder}/shared`;
    const write = "dd if=/dev/zero of=/x/data bs=64k count=64 conv=fsync 2>/dev/null; nc -lp 80 -e true; sleep 1000";
    await docker.ok("run", "-d", "--name", "server", "-v", `${folder}:/x`, BUSYBOX, "sh", "-c", write);
    const address = await docker.ok("inspect", "-f", "{{.NetworkSettings.Networks.bridge.IPAddress}}", "server");
    const before = await stats("server", "stream=0&one-shot=1");
    await docker.ok("run", "--rm", BUSYBOX, "sh", "-c", `until echo hello | nc -w 3 ${address} 80; do sleep 0.05; done`);
    await eventually(async () => {
      const after = await stats("server", "stream=0&one-shot=1");
      const written = after.blkio_stats.io_service_bytes_recursive.find(({ op }: { op: string }) => /^write$/i.test(op));
      expect(written.value).toBeGreaterThanOrEqual(4 * 1024 * 1024);
      expect(Object.keys(after.networks)).toEqual(["eth0"]);
      expect(after.networks.eth0.rx_bytes).toBeGreaterThan(before.networks.eth0.rx_bytes);
      expect(after.networks.eth0.rx_packets).toBeGreaterThan(3);
      expect(after.networks.eth0.tx_packets).toBeGreaterThan(2);
    });
    await docker.ok("run", "-d", "--name", "guest", "--network", "container:server", BUSYBOX, "sleep", "1000");
    expect(Object.keys((await stats("guest", "stream=0&one-shot=1")).networks)).toEqual(["eth0"]);
    for (const mode of ["host", "none"]) {
      await docker.ok("run", "-d", "--name", mode, "--network", mode, BUSYBOX, "sleep", "1000");
      const bare = await stats(mode, "stream=0&one-shot=1");
      expect(bare).not.toHaveProperty("networks");
      expect(bare.memory_stats.limit).toBeLessThan(2 ** 53);
    }
    await docker.ok("rm", "-f", "guest", "server", "host", "none");
  });

  test("streams once a second, over the container's end, until it is removed or the client goes", async () => {
    await docker.ok("run", "-d", "--name", "web", BUSYBOX, "sleep", "1000");
    const [first, second, third] = await firstLines("/containers/web/stats", 3);
    expect(first?.preread).toBe("0001-01-01T00:00:00Z");
    expect([second?.preread, third?.preread]).toEqual([first?.read, second?.read]);
    const between = Date.parse(third?.read ?? "") - Date.parse(second?.read ?? "");
    expect(between).toBeGreaterThan(500);
    expect(between).toBeLessThan(10_000);
    await docker.ok("kill", "web");
    await docker.ok("wait", "web");
    const [stopped] = await firstLines("/containers/web/stats", 1);
    expect(stopped).toMatchObject({ read: "0001-01-01T00:00:00Z", memory_stats: {} });
    const last = follow("/containers/web/stats");
    await eventually(() => expect(last.lines).toHaveLength(1));
    await docker.ok("rm", "web");
    await last.ended;
  });

  test.each([
    ["/containers/nobody/stats", 404, "No such container: nobody"],
    ["/containers/nobody/stats?stream=0&one-shot=1", 404, "No such container: nobody"],
    ["/containers/nobody/stats?one-shot=1", 400, "cannot have stream=true and one-shot=true"],
  ])("%s is %d", async (path, status, message) => {
    const answer = await daemon.api("GET", path);
    expect([answer.status, answer.json.message]).toEqual([status, message]);
  });

  test("an old client's one-shot is a pair of samples: it does not know the word", async () => {
    await docker.ok("run", "-d", "--name", "old", BUSYBOX, "sleep", "1000");
    const { json } = await daemon.api("GET", "/v1.40/containers/old/stats?stream=0&one-shot=1");
    expect(json.precpu_stats.system_cpu_usage).toBeGreaterThan(0);
    await docker.ok("rm", "-f", "old");
  });
});

test("docker stats shows it", async () => {
  await docker.ok("run", "-d", "--name", "shown", "-m", "32m", BUSYBOX, "sh", "-c", BUSY);
  const row = await eventually(async () => {
    const shown = JSON.parse(await docker.ok("stats", "--no-stream", "--format", "json", "shown")) as Record<string, string>;
    expect(Number.parseFloat(shown["CPUPerc"] ?? "")).toBeGreaterThan(2);
    return shown;
  });
  expect(row).toMatchObject({ Name: "shown", PIDs: "1", NetIO: expect.stringMatching(/B \/ /), BlockIO: expect.stringMatching(/B \/ /) });
  expect(row["MemUsage"]).toMatch(/^[\d.]+[KM]iB \/ 32MiB$/);
  await docker.ok("rm", "-f", "shown");
});
