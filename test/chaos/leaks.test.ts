import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { useDaemon, type Answer } from "../support/daemon.ts";
import { descriptorsOf, gained } from "../support/descriptors.ts";
import { eventually } from "../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../support/images.ts";
import { inventoryOf } from "../support/inventory.ts";
import { figure, scaled } from "../support/scale.ts";

/** What is done a thousand times must cost no more memory, descriptors, processes or files than what is done once. */
const daemon = useDaemon({ images: [busyboxArchive] });

const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
  const answer = await daemon.api(method, path, body);
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
};
const run = async (name: string): Promise<string> => {
  const { Id } = (await call("POST", `/containers/create?name=${name}`, { Image: BUSYBOX, Cmd: ["sleep", "100000"] })).json as {
    Id: string;
  };
  await call("POST", `/containers/${Id}/start`);
  return Id;
};
const exec = async (name: string): Promise<void> => {
  const { Id } = (await call("POST", `/containers/${name}/exec`, { Cmd: ["true"], AttachStdout: true })).json as { Id: string };
  await call("POST", `/exec/${Id}/start`, {});
  expect((await call("GET", `/exec/${Id}/json`)).json.ExitCode).toBe(0);
};

/** Processes that nobody waits for, with the daemon or a monitor of ours as their parent. */
function zombies(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        const parent = Number(/PPid:\s+(\d+)/.exec(status)?.[1]);
        const line = readFileSync(`/proc/${parent}/cmdline`, "utf8");
        const ours = parent === daemon.pid || line.includes(daemon.instance.execRoot);
        return /State:\s+Z/.test(status) && ours ? [pid] : [];
      } catch {
        return []; // It ended while we looked.
      }
    });
}

/** Does it `times`, and compares what the daemon holds after a fifth of them, when everything is warm, with the end. */
async function repeat(what: string, times: number, work: () => Promise<unknown>): Promise<{ grownBy: number; opened: string[] }> {
  const warm = Math.ceil(times / 5);
  for (let index = 0; index < warm; index++) await work();
  const [memory, descriptors] = [daemon.residentMegabytes(), descriptorsOf(daemon.pid)];
  const started = performance.now();
  for (let index = warm; index < times; index++) await work();
  const took = (performance.now() - started) / (times - warm);
  const grownBy = daemon.residentMegabytes() - memory;
  await eventually(() => expect(zombies()).toEqual([]));
  figure(`${times} x ${what}: each`, took, "ms");
  figure(`${times} x ${what}: daemon's memory, per thousand`, (grownBy * 1000) / (times - warm), "MB");
  return { grownBy, opened: await stillOpened(descriptors) };
}

/** What goes on behind the last answer has its descriptors for a moment longer. */
async function stillOpened(before: ReturnType<typeof descriptorsOf>): Promise<string[]> {
  const opened = (): string[] => gained(before, descriptorsOf(daemon.pid)).filter((line) => !/socket \+[1-3]$/.test(line));
  return await eventually(() => expect(opened()).toEqual([])).then(() => [], opened);
}

describe("P42: again and again", { timeout: scaled(90_000, 7_200_000) }, () => {
  it("exec: no zombie, no descriptor, no memory", async () => {
    await run("busy");
    const { grownBy, opened } = await repeat("exec", scaled(60, 5000), () => exec("busy"));
    expect(opened).toEqual([]);
    expect(grownBy).toBeLessThan(40);
    const before = descriptorsOf(daemon.pid);
    const many = scaled(40, 200);
    const started = performance.now();
    await Promise.all(Array.from({ length: many }, () => exec("busy")));
    figure(`${many} execs at once`, performance.now() - started, "ms");
    await eventually(() => expect(zombies()).toEqual([]));
    await eventually(() => expect(gained(before, descriptorsOf(daemon.pid)).filter((line) => !line.startsWith("socket"))).toEqual([]));
    await call("DELETE", "/containers/busy?force=1");
  });

  it("create, start and rm: no descriptor, no memory, nothing on the host", async () => {
    const cycle = async (): Promise<void> => {
      const id = await run("cycle");
      await call("DELETE", `/containers/${id}?force=1&v=1`);
    };
    await cycle();
    const settled = async (): Promise<string[]> =>
      await eventually(() => {
        const now = inventoryOf(daemon.instance);
        const leaving = new RegExp(`^(?:mount|netns|process|link ${daemon.instance.vethPrefix})|removals|staging`);
        expect(now.filter((line) => leaving.test(line))).toEqual([]);
        return now;
      });
    const before = await settled();
    const { grownBy, opened } = await repeat("create, start, rm", scaled(25, 10_000), cycle);
    expect(opened).toEqual([]);
    expect(grownBy).toBeLessThan(40);
    await eventually(async () => expect(await settled()).toEqual(before));
  });

  it("connect and disconnect: no interface, no rule, no address, no descriptor, no memory", async () => {
    // One address of IPv4 is all there is: not given back, it would be missed at once.
    const Config = [{ Subnet: "10.213.90.0/30" }, { Subnet: "fd00:d0:90::/126" }];
    await call("POST", "/networks/create", { Name: "narrow", IPAM: { Config } });
    await run("guest");
    const before = inventoryOf(daemon.instance);
    const { grownBy, opened } = await repeat("connect, disconnect", scaled(25, 500), async () => {
      await call("POST", "/networks/narrow/connect", { Container: "guest" });
      await call("POST", "/networks/narrow/disconnect", { Container: "guest" });
    });
    expect(opened).toEqual([]);
    expect(grownBy).toBeLessThan(40);
    await eventually(() => expect(inventoryOf(daemon.instance)).toEqual(before));
    await call("DELETE", "/containers/guest?force=1");
    await call("DELETE", "/networks/narrow");
  });

  it("many idle containers: listed at once, and gone without a trace", async () => {
    const many = scaled(24, 1000);
    const names = Array.from({ length: many }, (_, index) => `idle-${index}`);
    const before = daemon.residentMegabytes();
    const started = performance.now();
    for (let index = 0; index < names.length; index += 8) await Promise.all(names.slice(index, index + 8).map(run));
    figure(`${many} containers started by 8 clients`, (performance.now() - started) / 1000, "s");
    const listing = performance.now();
    expect((await call("GET", "/containers/json")).json).toHaveLength(names.length);
    const listed = performance.now() - listing;
    figure(`${many} containers: ps`, listed, "ms");
    figure(`${many} containers: daemon's memory`, daemon.residentMegabytes() - before, "MB more");
    figure(`${many} containers: a monitor's share of memory (PSS)`, monitorShare(), "MB");
    expect(listed).toBeLessThan(10_000);
    const removing = performance.now();
    for (let index = 0; index < names.length; index += 8)
      await Promise.all(names.slice(index, index + 8).map((name) => call("DELETE", `/containers/${name}?force=1`)));
    figure(`${many} containers removed by 8 clients`, (performance.now() - removing) / 1000, "s");
  });
});

/** The median of what one monitor has of memory, with its part of what they share. */
function monitorShare(): number {
  const pids = execFileSync("pgrep", ["-f", daemon.instance.execRoot], { encoding: "utf8" }).trim().split("\n");
  const shares = pids.flatMap((pid) => {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("conmon")) return [];
      return [Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]) / 1024];
    } catch {
      return []; // It ended while we looked.
    }
  });
  return shares.toSorted((a, b) => a - b)[Math.floor(shares.length / 2)] ?? 0;
}
