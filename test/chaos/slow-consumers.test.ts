import { connect, type Socket } from "node:net";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { useDaemon, type Answer } from "../support/daemon.ts";
import { descriptorsOf } from "../support/descriptors.ts";
import { eventually } from "../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../support/images.ts";
import { median } from "../support/median.ts";
import { figure, scaled } from "../support/scale.ts";

/** Clients that ask for a stream and never read it, by the dozen; in a soak a hundred of each kind, for ten minutes. */
const daemon = useDaemon({ images: [busyboxArchive] });
const EACH = scaled(25, 100);
const SECONDS = scaled(4, 600);
/** What a hundred of them may cost (P41). */
const MOST_MEGABYTES = 100;
/** Their buffers are filled by then: what comes on top in the second half of the time would come for ever. */
const MOST_LATE_MEGABYTES = 50;

const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
  const answer = await daemon.api(method, path, body);
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
};
const run = async (name: string, script: string, more: object = {}): Promise<void> => {
  await call("POST", `/containers/create?name=${name}`, { Image: BUSYBOX, Cmd: ["sh", "-c", script], ...more });
  await call("POST", `/containers/${name}/start`);
};

const open: Socket[] = [];

/** Sends a request, and reads nothing of the answer, ever. */
function stall(method: string, path: string, headers = ""): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(daemon.socket, () => {
      socket.pause();
      socket.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n${headers}\r\n`, () => resolve(socket));
    });
    socket.once("error", reject);
    open.push(socket);
  });
}

const stallMany = (count: number, method: string, path: string, headers?: string): Promise<Socket[]> =>
  Promise.all(Array.from({ length: count }, () => stall(method, path, headers)));

/** How far a container has come that counts into a file. */
const progress = async (name: string): Promise<number> => {
  const exec = (await call("POST", `/containers/${name}/exec`, { Cmd: ["cat", "/progress"], AttachStdout: true })).json.Id as string;
  return Number((await call("POST", `/exec/${exec}/start`, {})).text.replace(/[^0-9]/g, ""));
};

/** Writes a kilobyte at a time to stdout, and counts. */
const CHATTY = `line=$(head -c 1000 /dev/zero | tr '\\0' x); i=0; while :; do i=$((i+1)); echo $line; [ $((i%50)) = 0 ] && echo $i > /new && mv /new /progress; done`;
const UPGRADE = "Connection: Upgrade\r\nUpgrade: tcp\r\n";

/** The time in which an event reaches somebody who reads, ms. */
async function eventDelay(): Promise<number> {
  const since = Math.floor(Date.now() / 1000);
  const started = performance.now();
  await call("POST", "/volumes/create", { Name: "herald" });
  await call("DELETE", "/volumes/herald");
  const { text } = await call(
    "GET",
    `/events?since=${since}&until=${Date.now() / 1000 + 0.001}&filters=${JSON.stringify({ volume: ["herald"] })}`,
  );
  expect(text).toContain("destroy");
  return performance.now() - started;
}

/** Others are served promptly, and memory stays bounded, for as long as it takes. `late` is what of the growth came in the second half. */
async function holdsOut(
  seconds: number,
  before: number,
): Promise<{ readonly grown: number; readonly late: number; readonly times: number[] }> {
  let [grown, early] = [0, 0];
  const times: number[] = [];
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const started = performance.now();
    await call("GET", "/containers/json");
    await eventDelay();
    times.push(performance.now() - started);
    grown = Math.max(grown, daemon.residentMegabytes() - before);
    if (Date.now() < end - seconds * 500) early = grown;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { grown, late: grown - early, times };
}

beforeAll(async () => {
  await run("warm", "true");
  await call("POST", "/containers/warm/wait");
});

afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  await daemon.api("DELETE", "/containers/chatty?force=1");
});

describe("P41: clients that never read", { timeout: (SECONDS + 60) * 1000 }, () => {
  it("of events, logs and statistics cost no memory to speak of, hold nobody up, and leave nothing", async () => {
    await run("chatty", CHATTY, { HostConfig: { LogConfig: { Type: "json-file", Config: {} } } });
    await eventually(async () => expect(await progress("chatty")).toBeGreaterThan(0));
    const [memory, descriptors] = [daemon.residentMegabytes(), descriptorsOf(daemon.pid)];
    await stallMany(EACH, "GET", "/events?since=0");
    await stallMany(EACH, "GET", "/containers/chatty/logs?follow=1&stdout=1");
    await stallMany(EACH, "GET", "/containers/chatty/stats");
    const reached = await progress("chatty");
    const { grown, late, times } = await holdsOut(SECONDS, memory);
    figure(`${EACH * 3} clients that never read events, logs and stats, ${SECONDS} s: daemon's memory grew by`, grown, "MB");
    figure("  of it in the second half", late, "MB");
    figure("  slowest list and event of others meanwhile", Math.max(...times), "ms");
    expect(grown).toBeLessThan(3 * MOST_MEGABYTES);
    expect(late).toBeLessThan(MOST_LATE_MEGABYTES);
    expect(median(times)).toBeLessThan(2000);
    expect(await progress("chatty")).toBeGreaterThan(reached);
    await call("DELETE", "/containers/chatty?force=1");
    for (const socket of open.splice(0)) socket.destroy();
    await eventually(() => expect(descriptorsOf(daemon.pid).get("socket")).toBeLessThanOrEqual((descriptors.get("socket") ?? 0) + 3));
  });

  it("of what they are attached to hold back the program that writes, within bounds, and nobody else", async () => {
    await run("chatty", CHATTY);
    await eventually(async () => expect(await progress("chatty")).toBeGreaterThan(0));
    const memory = daemon.residentMegabytes();
    await stallMany(EACH, "POST", "/containers/chatty/attach?stream=1&stdout=1", UPGRADE);
    const { grown, times } = await holdsOut(SECONDS, memory);
    figure(`${EACH} clients that never read what they are attached to, ${SECONDS} s: daemon's memory grew by`, grown, "MB");
    expect(grown).toBeLessThan(MOST_MEGABYTES);
    expect(median(times)).toBeLessThan(2000);
    for (const socket of open.splice(0)) socket.destroy();
    const reached = await progress("chatty");
    await eventually(async () => expect(await progress("chatty")).toBeGreaterThan(reached));
    await call("POST", "/containers/chatty/stop?t=0");
  });

  it("CVE-2022-31030: of what an exec writes cost no memory, and let it be stopped with its container", async () => {
    await run("chatty", "sleep 1000");
    const memory = daemon.residentMegabytes();
    for (let index = 0; index < EACH; index++) {
      const exec = (await call("POST", "/containers/chatty/exec", { Cmd: ["yes"], AttachStdout: true })).json.Id as string;
      const socket = connect(daemon.socket);
      open.push(socket.pause());
      socket.write(
        `POST /exec/${exec}/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n${UPGRADE}\r\n{}`,
      );
    }
    const { grown } = await holdsOut(Math.min(SECONDS, 60), memory);
    figure(`${EACH} execs of yes that nobody reads: daemon's memory grew by`, grown, "MB");
    expect(grown).toBeLessThan(MOST_MEGABYTES);
    const started = performance.now();
    await call("POST", "/containers/chatty/stop?t=0");
    expect(performance.now() - started).toBeLessThan(60_000);
  });
});
