import { describe, expect, test } from "vitest";
import { parseFilters } from "#spec/filters/filters.ts";
import { containerListFilterKeys } from "#spec/filters/container.ts";
import { eventually, Harness } from "../testing/harness.ts";

const plain = { all: false, limit: 0, size: false, filters: new Map() };

async function names(harness: Harness, filters: string, all = true): Promise<string[]> {
  const listed = await harness.service.list({ ...plain, all, filters: parseFilters(filters, containerListFilterKeys) });
  return listed.map(({ container }) => container.name);
}

/** web runs, db has exited with 3, box was created; in this order. */
async function three(harness: Harness): Promise<{ web: string; db: string; box: string }> {
  harness.images.add("nginx:1");
  const later = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, 2));
  const web = await harness.run("web", {
    config: { Image: "nginx:1", Labels: { role: "front", "a.b": "" }, ExposedPorts: { "8080/tcp": {}, "53/udp": {} } },
    hostConfig: { NetworkMode: "bridge", PortBindings: { "8080/tcp": [{ HostPort: "80" }] } },
  });
  await later();
  const db = await harness.run("db", { config: { Volumes: { "/data": {} }, Labels: { role: "back" } } });
  harness.runtime.finish(db, 3);
  await eventually(() => harness.status(db) === "exited");
  await later();
  return { web, db, box: await harness.create("box") };
}

test("those that run; all; the newest first", async () => {
  await using harness = new Harness();
  await three(harness);
  expect(await names(harness, "", false)).toEqual(["web"]);
  expect(await names(harness, "")).toEqual(["box", "db", "web"]);
});

test("a limit counts those that do not run as well", async () => {
  await using harness = new Harness();
  await three(harness);
  const limited = async (limit: number): Promise<number> => (await harness.service.list({ ...plain, limit })).length;
  expect([await limited(1), await limited(2), await limited(-1), await limited(0)]).toEqual([1, 2, 1, 1]);
});

describe("filters", () => {
  test.each([
    ['{"status":["exited"]}', ["db"]],
    ['{"status":["created","running"]}', ["box", "web"]],
    ['{"status":{"paused":true}}', []],
    ['{"name":["b"]}', ["box", "db", "web"]],
    ['{"name":["^/web$"]}', ["web"]],
    ['{"name":["^d"]}', ["db"]],
    ['{"name":["x$"]}', ["box"]],
    ['{"name":["("]}', []],
    ['{"label":["role"]}', ["db", "web"]],
    ['{"label":["role=front","a.b"]}', ["web"]],
    ['{"label":["role=front","role=back"]}', []],
    ['{"exited":["3"]}', ["db"]],
    ['{"exited":["0"]}', []],
    ['{"before":["db"]}', ["web"]],
    ['{"since":["web"]}', ["box", "db"]],
    ['{"since":["web"],"before":["box"]}', ["db"]],
    ['{"ancestor":["nginx:1"]}', ["web"]],
    ['{"ancestor":["docker.io/library/nginx:1"]}', ["web"]],
    ['{"ancestor":["busybox"]}', ["box", "db"]],
    ['{"ancestor":["nosuch"]}', []],
    ['{"volume":["/data"]}', ["db"]],
    ['{"volume":["v-data"]}', ["db"]],
    ['{"network":["bridge"]}', ["web"]],
    ['{"network":["n1"]}', ["web"]],
    ['{"network":["none","bridge"]}', ["box", "db", "web"]],
    ['{"expose":["8080"]}', ["web"]],
    ['{"expose":["50-60/udp"]}', ["web"]],
    ['{"expose":["53/tcp"]}', []],
    ['{"publish":["80/tcp"]}', ["web"]],
    ['{"publish":["8080/tcp"]}', []],
    ['{"publish":["53/udp"]}', []],
    ['{"health":["none"]}', ["box", "db", "web"]],
    ['{"health":["healthy"]}', []],
    ['{"is-task":["false"]}', ["box", "db", "web"]],
    ['{"is-task":["true"]}', []],
  ])("%s: %j", async (filters, expected) => {
    await using harness = new Harness();
    await three(harness);
    expect(await names(harness, filters)).toEqual(expected);
  });

  test("by id, whole or its beginning", async () => {
    await using harness = new Harness();
    const { db } = await three(harness);
    expect(await names(harness, JSON.stringify({ id: [db.slice(0, 12)] }))).toEqual(["db"]);
  });

  test("a question for a state asks for those that do not run as well", async () => {
    await using harness = new Harness();
    await three(harness);
    expect(await names(harness, '{"status":["exited"]}', false)).toEqual(["db"]);
    expect(await names(harness, '{"exited":["3"]}', false)).toEqual([]);
  });

  test.each([
    ['{"bogus":["x"]}', "invalid filter 'bogus'"],
    ['{"status":["bogus"]}', "invalid filter 'status=bogus': invalid value for state (bogus): must be one of created, running"],
    ['{"health":["x"]}', "invalid value for health (x): must be one of none, starting, healthy, unhealthy"],
    ['{"exited":["x"]}', `invalid filter 'exited=x': strconv.Atoi: parsing "x": invalid syntax`],
    ['{"before":["nosuch"]}', "No such container: nosuch"],
    ['{"is-task":["x"]}', "invalid filter 'is-task=[x]'"],
    ['{"publish":["x"]}', "error while looking up for publish x"],
    ['{"expose":["2-1"]}', "error while looking up for expose 2-1"],
  ])("%s is refused", async (filters, message) => {
    await using harness = new Harness();
    await expect(names(harness, filters)).rejects.toThrow(message);
  });
});

test("sizes, when asked for", async () => {
  await using harness = new Harness();
  await three(harness);
  const [box] = await harness.service.list({ ...plain, all: true, size: true });
  expect(box?.sizes).toEqual({ writable: 10, root: 110 });
  expect((await harness.service.list({ ...plain, all: true }))[0]?.sizes).toBeUndefined();
});

test("an image whose name means another one now is shown by its id", async () => {
  await using harness = new Harness();
  const { box } = await three(harness);
  const shown = async (): Promise<string | undefined> => (await harness.service.list({ ...plain, all: true }))[0]?.imageName;
  expect(await shown()).toBe("busybox");
  harness.images.images.delete("busybox");
  expect(await shown()).toBe(harness.service.find(box).image.id);
});

test("counts", async () => {
  await using harness = new Harness();
  await three(harness);
  await harness.run("paused");
  await harness.service.pause("paused");
  expect(harness.service.counts()).toEqual({ running: 1, paused: 1, stopped: 2 });
});
