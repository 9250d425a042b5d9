import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { useDaemon, type Answer } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { BUSYBOX, busyboxArchive, imageArchive } from "../support/images.ts";
import { inventoryOf } from "../support/inventory.ts";
import { scaled } from "../support/scale.ts";
import { Seeded } from "../support/seeded.ts";

/** Every file and every kind of row that the engine keeps is damaged in turn: it starts, says what is wrong with what, and the rest works. */
const daemon = useDaemon({ images: [busyboxArchive] });
const { dataRoot, execRoot } = daemon.instance;
const extra = (content = "extra"): Buffer =>
  imageArchive("extra:1", {}, [{ name: "extra", type: "file", mode: 0o644, data: Buffer.from(content) }]);
const chance = new Seeded();
const garbage = Buffer.from([...Array.from({ length: 4096 }, (_, index) => (index * 37 + 11) % 256), 10]);

const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
  const answer = await daemon.api(method, path, body);
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
};
const inspect = async (name: string): Promise<Answer["json"]> => (await call("GET", `/containers/${name}/json`)).json;
const create = async (name: string, more: object = {}): Promise<string> =>
  (await call("POST", `/containers/create?name=${name}`, { Image: BUSYBOX, Cmd: ["sleep", "1000"], ...more })).json.Id as string;
const run = async (name: string, more: object = {}): Promise<string> => {
  const id = await create(name, more);
  await call("POST", `/containers/${name}/start`);
  return id;
};
const remove = (name: string): Promise<Answer> => call("DELETE", `/containers/${name}?force=1&v=1`);

/** The daemon is killed, what `damage` does is done, and another one is started: its answer within the usual time is the first thing that is tried. */
async function whileDead(damage: () => void): Promise<string> {
  await daemon.kill();
  const before = daemon.log.length;
  damage();
  await daemon.start();
  return daemon.log.slice(before);
}

function sql(statement: string, ...values: string[]): void {
  using database = new DatabaseSync(join(dataRoot, "dhow.db"));
  expect(Number(database.prepare(statement).run(...values).changes)).toBeGreaterThan(0);
}

/** Of ways to damage one and the same thing CI tries one, which the seed chooses. */
function slice<T>(ways: readonly T[]): readonly T[] {
  return scaled([chance.pick(ways)], ways);
}

let keeper = { id: "", pid: 0 };

/** After a test that failed, too. */
afterEach(async () => {
  if (
    !(await daemon.api("GET", "/_ping").then(
      () => true,
      () => false,
    ))
  )
    await daemon.start();
  for (const path of [
    "/containers/victim?force=1&v=1",
    "/containers/passing?force=1",
    "/networks/victims",
    "/volumes/victims",
    "/images/extra:1?force=1",
  ])
    await daemon.api("DELETE", path);
});

beforeAll(async () => {
  const id = await run("keeper");
  keeper = { id, pid: (await inspect("keeper")).State.Pid };
});

/** What was not damaged works as before. */
async function restWorks(): Promise<void> {
  expect((await inspect("keeper")).State).toMatchObject({ Status: "running", Pid: keeper.pid });
  for (const path of ["/containers/json?all=1&size=1", "/images/json", "/networks", "/volumes", "/info"]) await call("GET", path);
  await run("passing", { Cmd: ["true"], HostConfig: { AutoRemove: true } });
  await eventually(async () => expect((await daemon.api("GET", "/containers/passing/json")).status).toBe(404));
}

describe("P38: the record of a container", () => {
  it.each(
    slice<[string, string]>([
      ["cut off", "{"],
      ["empty", ""],
      ["of another kind", "null"],
      ["without its parts", "{}"],
      ["with a part of another kind", '{"config":{},"hostConfig":[],"endpoints":{},"image":{"id":"x","reference":"y"},"mounts":[]}'],
    ]),
  )("whose definition is %s: it is dead, says why, and can be removed", async (_, text) => {
    const id = await create("victim", { Volumes: { "/data": {} } });
    const log = await whileDead(() => sql("UPDATE containers SET definition = ? WHERE id = ?", text, id));
    expect(log).toMatch(/the record of a container is damaged: its definition cannot be read/);
    const rows = (await call("GET", "/containers/json?all=1")).json as { Id: string; State: string; Status: string }[];
    expect(rows.find(({ Id }) => Id === id)).toMatchObject({ State: "dead", Status: "Dead" });
    const dead = (await call("GET", `/containers/json?all=1&filters=${JSON.stringify({ status: ["dead"] })}`)).json as object[];
    expect(dead).toHaveLength(1);
    expect((await inspect("victim")).State).toMatchObject({
      Status: "dead",
      Dead: true,
      Running: false,
      Error: expect.stringContaining("damaged"),
    });
    for (const [verb, body] of [["start"], ["restart"], ["rename?name=other"], ["update", { Memory: 64 << 20 }]] as const) {
      const { status, json } = await daemon.api("POST", `/containers/victim/${verb}`, body);
      expect([verb, status, json.message]).toEqual([verb, 409, expect.stringContaining("damaged")]);
    }
    await restWorks();
    await remove("victim");
    expect((await call("GET", "/volumes")).json.Volumes).toEqual([]);
  });

  it("whose state is damaged: it has exited, nobody knows how, and starts again", async () => {
    const id = await create("victim");
    await whileDead(() => sql('UPDATE containers SET state = \'{"state":{"status":"exited"}}\' WHERE id = ?', id));
    expect((await inspect("victim")).State).toMatchObject({ Status: "exited", ExitCode: 255, Error: expect.stringContaining("damaged") });
    await call("POST", "/containers/victim/start");
    expect((await inspect("victim")).State).toMatchObject({ Status: "running", Error: "" });
    await restWorks();
    await remove("victim");
  });

  it("that runs, and whose state is damaged: it runs on, as the runtime knows", async () => {
    const id = await run("victim");
    const { Pid } = (await inspect("victim")).State;
    await whileDead(() => sql("UPDATE containers SET state = 'x' WHERE id = ?", id));
    expect((await inspect("victim")).State).toMatchObject({ Status: "running", Pid });
    await restWorks();
    await remove("victim");
  });

  it("that runs, and whose definition is damaged: it runs on, can be stopped, and is dead then", async () => {
    const id = await run("victim");
    await whileDead(() => sql("UPDATE containers SET definition = 'x' WHERE id = ?", id));
    expect((await inspect("victim")).State).toMatchObject({ Status: "running", Dead: false });
    await call("POST", "/containers/victim/stop?t=0");
    expect((await inspect("victim")).State).toMatchObject({ Status: "dead", ExitCode: 137 });
    await restWorks();
    await remove("victim");
  });
});

describe("P38: the record of", () => {
  it("a network: it is gone, its name is free, and a container that wants it is told", async () => {
    const network = (await call("POST", "/networks/create", { Name: "victims" })).json.Id as string;
    await create("victim", { HostConfig: { NetworkMode: "victims" } });
    expect(await whileDead(() => sql("UPDATE networks SET record = '{\"id\":' WHERE id = ?", network))).toContain("a record is damaged");
    const start = await daemon.api("POST", "/containers/victim/start");
    expect([start.status, start.json.message]).toEqual([404, expect.stringContaining("network victims not found")]);
    await restWorks();
    await call("POST", "/networks/create", { Name: "victims" });
    await call("POST", "/containers/victim/start");
    await remove("victim");
    await call("DELETE", "/networks/victims");
  });

  it("a network's sandbox: its container runs on, and has a network again when it is restarted", async () => {
    const id = await run("victim");
    await whileDead(() => sql("UPDATE network_sandboxes SET record = '[]' WHERE record LIKE ?", `%${id}%`));
    expect((await inspect("victim")).State.Status).toBe("running");
    await restWorks();
    await call("POST", "/containers/victim/restart?t=0");
    expect((await inspect("victim")).NetworkSettings.Networks.bridge.IPAddress).toMatch(/^\d+\./);
    await remove("victim");
  });

  it("an image: it is gone, and there again when it is loaded again", async () => {
    await daemon.load(extra());
    const id = (await call("GET", "/images/extra:1/json")).json.Id as string;
    const log = await whileDead(() => sql("UPDATE image SET config = X'7B' WHERE id = ?", id));
    expect((await daemon.api("GET", "/images/extra:1/json")).status).toBe(404);
    expect(log + daemon.log).toContain("the record of an image is damaged");
    await restWorks();
    await daemon.load(extra());
    await run("victim", { Image: "extra:1", Cmd: ["cat", "/extra"] });
    expect((await call("POST", "/containers/victim/wait")).json.StatusCode).toBe(0);
    await remove("victim");
    await call("DELETE", "/images/extra:1");
  });

  it("a volume's labels: it is there without them", async () => {
    await call("POST", "/volumes/create", { Name: "victims", Labels: { a: "b" } });
    await whileDead(() => sql("UPDATE volumes SET labels = 'x' WHERE name = 'victims'"));
    expect((await call("GET", "/volumes/victims")).json).toMatchObject({ Name: "victims", Labels: {} });
    await restWorks();
    await call("DELETE", "/volumes/victims");
  });

  it("a volume, lost: its content is a volume again", async () => {
    await call("POST", "/volumes/create", { Name: "victims" });
    writeFileSync(join(dataRoot, "volumes/victims/_data/dear"), "content");
    await whileDead(() => sql("DELETE FROM volumes WHERE name = 'victims'"));
    const { Mountpoint } = (await call("GET", "/volumes/victims")).json as { Mountpoint: string };
    expect(readFileSync(join(Mountpoint, "dear"), "utf8")).toBe("content");
    await restWorks();
    await call("DELETE", "/volumes/victims");
  });

  it("an event: the others are told", async () => {
    await whileDead(() => sql("UPDATE event SET attributes = '{' WHERE action = 'create'"));
    const { text } = await call("GET", `/events?since=0&until=${Math.ceil(Date.now() / 1000)}`);
    expect(
      text
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { Action: string }).Action),
    ).toEqual(expect.arrayContaining(["create", "start"]));
    await restWorks();
  });
});

describe("P38: files of", () => {
  /** Loads an image whose upper layer has this content. Returns the layer's folder. */
  const newLayer = async (content: string): Promise<string> => {
    const layers = join(dataRoot, "snapshots/overlay2/layers");
    const before = new Set(readdirSync(layers));
    await daemon.load(extra(content));
    const [layer = "none"] = readdirSync(layers).filter((name) => !before.has(name));
    return join(layers, layer);
  };

  it.each(
    slice([
      ["whole", ""],
      ["its content", "fs"],
    ]),
  )("a layer, lost (%s): what stands on it says so, and loading its image again mends it", async (how, part) => {
    // A layer that is here already, from an earlier try, would not be a new one.
    const content = `${how} ${randomUUID()}`;
    const layer = await newLayer(content);
    await create("victim", { Image: "extra:1", Cmd: ["cat", "/extra"] });
    await whileDead(() => rmSync(join(layer, part), { recursive: true }));
    const start = await daemon.api("POST", "/containers/victim/start");
    expect([start.status, start.json.message]).toEqual([expect.any(Number), expect.stringContaining("layer")]);
    expect(start.status).toBeGreaterThanOrEqual(400);
    await restWorks();
    await daemon.load(extra(content));
    await call("POST", "/containers/victim/start");
    expect((await call("POST", "/containers/victim/wait")).json.StatusCode).toBe(0);
    await remove("victim");
    await call("DELETE", "/images/extra:1");
  });

  it("a container's root, lost: its start says so, and it can be removed", async () => {
    const id = await create("victim");
    await whileDead(() => rmSync(join(dataRoot, "snapshots/overlay2/writables", id), { recursive: true }));
    const start = await daemon.api("POST", "/containers/victim/start");
    expect([start.status, start.json.message]).toEqual([expect.any(Number), expect.stringContaining("no file system")]);
    await restWorks();
    await remove("victim");
  });

  it("an init layer, emptied: it is made again", async () => {
    const inits = join(dataRoot, "snapshots/overlay2/inits");
    await whileDead(() => readdirSync(inits).forEach((name) => rmSync(join(inits, name), { recursive: true })));
    await restWorks();
    expect(readdirSync(inits)).not.toEqual([]);
  });

  it.each(
    slice([
      ["deleted", (log: string) => rmSync(log)],
      ["emptied", (log: string) => truncateSync(log, 0)],
      ["garbage", (log: string) => writeFileSync(log, garbage)],
      ["cut in the middle of a line", (log: string) => truncateSync(log, statSync(log).size - 3)],
    ]),
  )("a log, %s: it is read as far as it goes, and written on", async (_, damage) => {
    const id = await run("victim", { Cmd: ["echo", "a line"] });
    await call("POST", "/containers/victim/wait");
    const log = join(dataRoot, "containers", id, "logs/container.log");
    await whileDead(() => damage(log));
    await call("GET", "/containers/victim/logs?stdout=1&stderr=1");
    await call("POST", "/containers/victim/start");
    await call("POST", "/containers/victim/wait");
    expect((await call("GET", "/containers/victim/logs?stdout=1&tail=1")).text).toContain("a line");
    await restWorks();
    await remove("victim");
  });

  it("a container's name service, deleted: they are made again", async () => {
    const id = await run("victim", { Cmd: ["cat", "/etc/hosts", "/etc/resolv.conf", "/etc/hostname"] });
    await call("POST", "/containers/victim/wait");
    await whileDead(() => ["hosts", "resolv.conf", "hostname"].forEach((name) => rmSync(join(dataRoot, "containers", id, name))));
    await call("POST", "/containers/victim/start");
    expect((await call("POST", "/containers/victim/wait")).json.StatusCode).toBe(0);
    await remove("victim");
  });

  it.each(
    slice([
      ["cut off", (path: string) => truncateSync(path, 20)],
      ["emptied", (path: string) => truncateSync(path, 0)],
      ["garbage", (path: string) => writeFileSync(path, garbage)],
    ]),
  )("a monitor's record, %s: its container has ended, nobody knows how, and leaves nothing", async (_, damage) => {
    const id = await run("victim");
    await whileDead(() => damage(join(execRoot, "monitors", `${id}.json`)));
    expect((await inspect("victim")).State).toMatchObject({ Status: "exited", ExitCode: 255 });
    await eventually(() =>
      expect(inventoryOf(daemon.instance).filter((line) => line.includes(id) && /^(?:cgroup|process|file run)/.test(line))).toEqual([]),
    );
    await restWorks();
    await call("POST", "/containers/victim/start");
    await remove("victim");
  });

  it("an exit code that is none: 255", async () => {
    const id = await run("victim");
    const { Pid } = (await inspect("victim")).State as { Pid: number };
    await daemon.kill();
    process.kill(Pid, "SIGKILL");
    const exit = join(execRoot, "exits", id);
    await eventually(() => expect(existsSync(exit)).toBe(true));
    writeFileSync(exit, garbage);
    await daemon.start();
    expect((await inspect("victim")).State).toMatchObject({ Status: "exited", ExitCode: 255 });
    await remove("victim");
  });

  it.each(["engine-id", "dhow.db-shm", "dhow.db-wal", "dhow.db.reserve"])(
    "the engine itself: %s, cut off, emptied or garbage",
    async (name) => {
      const path = join(dataRoot, name);
      const damages = [() => truncateSync(path, 10), () => truncateSync(path, 0), () => writeFileSync(path, garbage)];
      for (const damage of scaled([chance.pick(damages)], damages)) {
        await daemon.stop();
        await daemon.start();
        await eventually(() => expect(existsSync(path)).toBe(true));
        await whileDead(damage);
        expect((await call("GET", "/info")).json.ID).toMatch(/^[0-9a-f-]{36}$/);
        await restWorks();
      }
    },
  );

  it("the configuration, half written: the daemon says which file, and does not guess", async () => {
    const file = join(daemon.folder, "daemon.json");
    await daemon.kill();
    writeFileSync(file, '{"debug": tr');
    await expect(daemon.start()).rejects.toThrow(/daemon\.json/);
    writeFileSync(file, "{}");
    await daemon.start();
    await restWorks();
  });
});

describe("P38: the whole state", () => {
  const path = join(dataRoot, "dhow.db");
  const zeroes = (from: number, to: number): void => {
    const bytes = readFileSync(path);
    bytes.fill(0, from, to);
    writeFileSync(path, bytes);
  };

  it.each(
    slice([
      ["gone", () => ["", "-wal", "-shm"].forEach((suffix) => rmSync(path + suffix, { force: true }))],
      ["emptied", () => (rmSync(`${path}-wal`, { force: true }), truncateSync(path, 0))],
      ["cut in half", () => truncateSync(path, Math.floor(statSync(path).size / 8192) * 4096)],
      ["without a header", () => zeroes(0, 100)],
      ["with zeroes in the middle", () => zeroes(4096, statSync(path).size / 2)],
      ["garbage", () => writeFileSync(path, garbage)],
    ]),
  )("%s: the daemon starts with what can be read, and nothing of anybody's is deleted", async (_, damage) => {
    await call("POST", "/volumes/create", { Name: "dear" });
    writeFileSync(join(dataRoot, "volumes/dear/_data/dear"), "content");
    const id = await run("victim", { Cmd: ["sh", "-c", "echo dear > /dear"] });
    await call("POST", "/containers/victim/wait");
    // A clean stop brings everything into the one file.
    await daemon.stop();
    damage();
    await daemon.start();
    expect(daemon.log).toContain("the engine's state is damaged");
    expect(readFileSync(join(dataRoot, "volumes/dear/_data/dear"), "utf8")).toBe("content");
    expect((await call("GET", "/volumes/dear")).json.Name).toBe("dear");
    const known = ((await call("GET", "/containers/json?all=1")).json as { Id: string }[]).map(({ Id }) => Id);
    const folders = [dataRoot, ...readdirSync(join(dataRoot, "damaged")).map((name) => join(dataRoot, "damaged", name))];
    const kept = folders.map((folder) => join(folder, "snapshots/overlay2/writables", id, "upper/dear")).filter((one) => existsSync(one));
    expect(kept.map((file) => readFileSync(file, "utf8"))).toEqual(["dear\n"]);
    expect(known.includes(id)).toBe(kept[0]?.startsWith(join(dataRoot, "snapshots")));
    await daemon.load(busyboxArchive());
    await run("passing", { Cmd: ["true"] });
    expect((await call("POST", "/containers/passing/wait")).json.StatusCode).toBe(0);
    for (const name of ["passing", "victim", "keeper"]) await daemon.api("DELETE", `/containers/${name}?force=1`);
    await call("DELETE", "/volumes/dear");
  });
});
