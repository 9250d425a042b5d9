import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { useDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { BUSYBOX, busyboxArchive, imageArchive } from "../support/images.ts";
import { freePort } from "../support/registry.ts";
import { scaled } from "../support/scale.ts";

const daemon = useDaemon({ images: [busyboxArchive] });

const count = <T>(items: readonly T[], wanted: T): number => items.filter((item) => item === wanted).length;
const create = async (config: object = {}, query = ""): Promise<string> =>
  (await daemon.api("POST", `/containers/create${query}`, { Image: BUSYBOX, Cmd: ["sleep", "1000"], ...config })).json.Id as string;
const remove = (id: string): Promise<number> => daemon.api("DELETE", `/containers/${id}?force=1`).then((answer) => answer.status);

describe("two of everything at once", () => {
  it("a hundred creates of one name: one container, ninety-nine conflicts", async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => daemon.api("POST", "/containers/create?name=wanted", { Image: BUSYBOX })),
    );
    const statuses = answers.map(({ status }) => status);
    expect([count(statuses, 201), count(statuses, 409)]).toEqual([1, 99]);
    expect(await remove("wanted")).toBe(204);
  });

  it("a crowd of starts of one port: one container runs, the others say why and leave nothing", { timeout: 120_000 }, async () => {
    const port = String(await freePort());
    const ids = await Promise.all(
      Array.from({ length: scaled(20, 100) }, () =>
        create({ ExposedPorts: { "80/tcp": {} }, HostConfig: { PortBindings: { "80/tcp": [{ HostPort: port }] } } }),
      ),
    );
    const answers = await Promise.all(ids.map((id) => daemon.api("POST", `/containers/${id}/start`)));
    expect(
      count(
        answers.map(({ status }) => status),
        204,
      ),
    ).toBe(1);
    for (const { status, json } of answers.filter(({ status }) => status !== 204))
      expect([status, json.message]).toEqual([500, expect.stringContaining("port is already allocated")]);
    const winner = ids[answers.findIndex(({ status }) => status === 204)] ?? "";
    expect(await remove(winner)).toBe(204);
    const next = ids.find((id) => id !== winner) ?? "";
    await eventually(async () => expect((await daemon.api("POST", `/containers/${next}/start`)).status).toBe(204));
    await Promise.all(ids.map(remove));
  });

  it(
    "start, stop and removal of one container from six sides: no fault of ours, no deadlock, nothing left",
    { timeout: 90_000 },
    async () => {
      for (let round = 0; round < 5; round++) {
        const id = await create();
        const verbs = ["start", "stop?t=0", "kill", "restart?t=0", "pause", "unpause"].map((verb) =>
          daemon.api("POST", `/containers/${id}/${verb}`),
        );
        const answers = await Promise.all([...verbs, daemon.api("GET", `/containers/${id}/json`)]);
        expect(answers.filter(({ status, text }) => status >= 500 && !text.includes("paused"))).toEqual([]);
        expect(await remove(id)).toBe(204);
        expect((await daemon.api("GET", `/containers/${id}/json`)).status).toBe(404);
      }
    },
  );

  it("ten removals: one removes, the others are told that it is being removed, or is gone", async () => {
    const id = await create();
    await daemon.api("POST", `/containers/${id}/start`);
    const answers = await Promise.all(Array.from({ length: 10 }, () => daemon.api("DELETE", `/containers/${id}?force=1`)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    const told = answers.filter(({ status }) => status !== 204).map(({ status, json }) => `${status} ${json.message as string}`);
    for (const answer of told) expect(answer).toMatch(/^409 removal of container \S+ is already in progress$|^404 No such container/);
  });

  it("a removal while another one waits for the program's end: it is being removed", async () => {
    const id = await create();
    await daemon.api("POST", `/containers/${id}/start`);
    const { Pid } = (await daemon.api("GET", `/containers/${id}/json`)).json.State as { Pid: number };
    const monitor = Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${Pid}/status`, "utf8"))?.[1]);
    // A monitor that stands still tells nobody of the end.
    process.kill(monitor, "SIGSTOP");
    // Whichever comes first: the other one is told at once.
    const removals = [1, 2].map(() => daemon.api("DELETE", `/containers/${id}?force=1`));
    try {
      const { status, json } = await Promise.race(removals);
      expect([status, json.message]).toEqual([409, `removal of container ${id} is already in progress`]);
    } finally {
      process.kill(monitor, "SIGCONT");
    }
    expect((await Promise.all(removals)).map(({ status }) => status)).toEqual(expect.arrayContaining([204, 409]));
  });

  it("load, run and rmi of one image: each works or says why, and the image works in the end", { timeout: 90_000 }, async () => {
    const archive = imageArchive("raced:1", {}, [{ name: "raced", type: "file", mode: 0o644, data: Buffer.alloc(100_000, 3) }]);
    for (let round = 0; round < scaled(3, 100); round++) {
      const answers = await Promise.all([
        daemon.api("POST", "/images/load", archive),
        daemon.api("POST", "/images/load", archive),
        daemon.api("DELETE", "/images/raced:1?force=1"),
        daemon.api("POST", "/containers/create", { Image: "raced:1", Cmd: ["true"] }),
      ]);
      expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
      const made = answers[3].status === 201 ? (answers[3].json.Id as string) : undefined;
      // A container that was made can be started, whatever has become of its image's name.
      if (made !== undefined) expect((await daemon.api("POST", `/containers/${made}/start`)).status).toBe(204);
      if (made !== undefined) await daemon.api("POST", `/containers/${made}/wait`);
      if (made !== undefined) expect(await remove(made)).toBe(204);
    }
    await daemon.load(archive);
    const id = await create({ Image: "raced:1", Cmd: ["test", "-s", "/raced"] });
    await daemon.api("POST", `/containers/${id}/start`);
    expect((await daemon.api("POST", `/containers/${id}/wait`)).json.StatusCode).toBe(0);
    await remove(id);
  });

  it("a container that ends at once is waited for by every condition", async () => {
    for (let round = 0; round < 10; round++) {
      const id = await create({ Cmd: ["true"] });
      const waiting = ["next-exit", "next-exit"].map((condition) => daemon.api("POST", `/containers/${id}/wait?condition=${condition}`));
      await daemon.api("POST", `/containers/${id}/start`);
      expect((await Promise.all(waiting)).map(({ json }) => json.StatusCode)).toEqual([0, 0]);
      expect((await daemon.api("POST", `/containers/${id}/wait`)).json.StatusCode).toBe(0);
      const removed = daemon.api("POST", `/containers/${id}/wait?condition=removed`);
      expect(await remove(id)).toBe(204);
      expect((await removed).json.StatusCode).toBe(0);
    }
  });

  it("forty containers at once: all run, all have their own address, all go", { timeout: 90_000 }, async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, () => create()));
    expect((await Promise.all(ids.map((id) => daemon.api("POST", `/containers/${id}/start`)))).map(({ status }) => status)).toEqual(
      ids.map(() => 204),
    );
    const shown = await Promise.all(ids.map((id) => daemon.api("GET", `/containers/${id}/json`)));
    expect(new Set(shown.map(({ json }) => json.NetworkSettings.Networks.bridge.IPAddress)).size).toBe(40);
    expect((await Promise.all(ids.map(remove))).every((status) => status === 204)).toBe(true);
  });
});
