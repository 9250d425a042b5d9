import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TestDaemon, type Answer } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { BUSYBOX, busyboxArchive, busyboxImage, imageArchive } from "../support/images.ts";
import { inventoryOf } from "../support/inventory.ts";
import { TestRegistry } from "../support/registry.ts";
import { packTar } from "#lib/tar-pack.ts";
import { join } from "node:path";
import { SmallDisk } from "../support/small-disk.ts";

/** A daemon whose data root is a small ext4 of its own, which is filled to the last block before each verb. */
const disk = new SmallDisk(64);
const daemon = new TestDaemon([], { dataRoot: join(disk.root, "data") });
const FULL = "no space left on device";
let registry: TestRegistry;

const MEGABYTES = 4 << 20;
const bigFile = { name: "data/big", type: "file", mode: 0o644, data: Buffer.alloc(MEGABYTES, 7) } as const;
const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
  const answer = await daemon.api(method, path, body);
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
};
const create = (name: string, more: object = {}): Promise<Answer> =>
  daemon.api("POST", `/containers/create?name=${name}`, { Image: BUSYBOX, Cmd: ["sleep", "1000"], ...more });
const failed = ({ status, text }: Answer): boolean => status >= 400 || text.includes('"error"');

beforeAll(async () => {
  registry = await TestRegistry.start();
  await registry.push("big", "1", { ...busyboxImage("big"), layers: [packTar([bigFile])] });
  await daemon.start(`--insecure-registry=${registry.host}`);
  await daemon.load(busyboxArchive());
  await create("keeper", { Cmd: ["sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; usleep 20000; done"] });
  await call("POST", "/containers/keeper/start");
  await call("POST", "/images/create?fromImage=none").catch(() => undefined);
});

afterAll(async () => {
  disk.free();
  await daemon.close();
  await registry.stop();
  await disk.remove();
});

beforeEach(async () => {
  for (const name of ["waiting", "going"]) await create(name);
  await call("POST", "/containers/going/start");
});

afterEach(async () => {
  disk.free();
  for (const name of ["waiting", "going", "subject"]) await daemon.api("DELETE", `/containers/${name}?force=1&v=1`);
  for (const image of ["big:1", `${registry.host}/big:1`]) await daemon.api("DELETE", `/images/${image}?force=1`);
});

/** Until nothing that the daemon still had to tidy up makes room again. */
async function fillWholly(): Promise<void> {
  await eventually(() => {
    disk.fill();
    expect(disk.freeBlocks).toBeLessThan(8);
  });
}

/** What makes room, and what only looks, works on a full disk, and what ran runs. */
async function restWorks(): Promise<void> {
  expect(((await call("GET", "/containers/json")).json as object[]).length).toBeGreaterThan(0);
  expect((await call("GET", "/containers/keeper/json")).json.State.Running).toBe(true);
  const exec = (await call("POST", "/containers/keeper/exec", { Cmd: ["echo", "served"], AttachStdout: true })).json.Id as string;
  expect((await call("POST", `/exec/${exec}/start`, {})).text).toContain("served");
  await call("POST", "/containers/going/stop?t=0");
  expect((await call("GET", "/containers/going/json")).json.State).toMatchObject({ Status: "exited", ExitCode: 137 });
  await call("DELETE", "/containers/going");
  await call("POST", "/containers/prune");
  await call("POST", "/volumes/prune");
}

interface Point {
  readonly name: string;
  readonly before?: () => Promise<unknown>;
  readonly verb: () => Promise<Answer>;
  /** What says that it went through. */
  readonly after?: () => Promise<unknown>;
}

const verbs: readonly Point[] = [
  { name: "pull", verb: () => daemon.api("POST", `/images/create?fromImage=${registry.host}/big&tag=1`) },
  { name: "load", verb: () => daemon.api("POST", "/images/load", imageArchive("big:1", {}, [bigFile])) },
  { name: "import", verb: () => daemon.api("POST", "/images/create?fromSrc=-&repo=big&tag=1", packTar([bigFile])) },
  { name: "create", verb: () => create("subject", { Volumes: { "/a": {}, "/b": {} } }) },
  {
    name: "create of a volume",
    verb: () => daemon.api("POST", "/volumes/create", { Name: "subject" }),
    after: () => call("DELETE", "/volumes/subject"),
  },
  {
    name: "start",
    before: () => create("subject"),
    verb: () => daemon.api("POST", "/containers/subject/start"),
    after: async () => expect((await call("GET", "/containers/subject/json")).json.State.Running).toBe(true),
  },
  {
    name: "start, which fills a volume from the image",
    before: async () => {
      await daemon.load(imageArchive("big:1", { Volumes: { "/data": {} } }, [bigFile]));
      await create("subject", { Image: "big:1", Cmd: ["sh", "-c", `test $(wc -c < /data/big) = ${MEGABYTES}`] });
    },
    verb: () => daemon.api("POST", "/containers/subject/start"),
    after: async () => expect((await call("POST", "/containers/subject/wait")).json.StatusCode).toBe(0),
  },
  {
    name: "commit",
    before: async () => {
      await create("subject", { Cmd: ["sh", "-c", `head -c ${MEGABYTES} /dev/urandom >/big; touch /done; exec sleep 1000`] });
      await call("POST", "/containers/subject/start");
      await eventually(() => call("HEAD", "/containers/subject/archive?path=/done"));
    },
    verb: () => daemon.api("POST", "/commit?container=subject&repo=big&tag=1"),
    after: async () =>
      expect((await call("GET", "/containers/subject/json")).json.State).toMatchObject({ Status: "running", Paused: false }),
  },
  {
    name: "exec",
    before: async () => (await create("subject"), await call("POST", "/containers/subject/start")),
    verb: async () => {
      const made = await daemon.api("POST", "/containers/subject/exec", {
        Cmd: ["sh", "-c", "yes > /file | head -c 0; echo $?"],
        AttachStdout: true,
        AttachStderr: true,
      });
      return failed(made) ? made : daemon.api("POST", `/exec/${made.json.Id as string}/start`, {});
    },
  },
];

describe("P37: on a full disk", () => {
  it.each(verbs)("$name says so, leaves nothing, and works again when there is room", async ({ before, verb, after }) => {
    await before?.();
    await eventually(() => expect(inventoryOf(daemon.instance).filter(isHalfDone)).toEqual([]));
    await fillWholly();
    const answer = await verb();
    if (failed(answer)) expect(answer.text.toLowerCase()).toContain(FULL);
    await eventually(() => expect(inventoryOf(daemon.instance).filter(isHalfDone)).toEqual([]));
    await restWorks();
    disk.free();
    if (failed(answer)) {
      await before?.();
      const again = await verb();
      expect([again.status, failed(again), again.text.slice(0, 500)]).toEqual([expect.any(Number), false, expect.any(String)]);
    }
    await after?.();
  });

  it("a container that writes to its log runs on, and its lines are there again when there is room", async () => {
    disk.fill();
    const written = async (): Promise<number> =>
      Number((await call("GET", "/containers/keeper/logs?stdout=1&tail=1")).text.trim().replace(/[^0-9]/g, ""));
    await eventually(async () => {
      const exec = (await call("POST", "/containers/keeper/exec", { Cmd: ["true"] })).json.Id as string;
      await call("POST", `/exec/${exec}/start`, {});
      expect(disk.freeBlocks).toBeLessThan(8);
    });
    const stuck = await written();
    disk.free();
    await eventually(async () => expect(await written()).toBeGreaterThan(stuck + 20));
    expect((await call("GET", "/containers/keeper/json")).json.State.Running).toBe(true);
  });
});

/** A thing that a verb which failed must not leave. */
function isHalfDone(line: string): boolean {
  return /^file .*\/(?:staging|ingest|tmp)\/|\.tmp$|^row container_removals /.test(line);
}
