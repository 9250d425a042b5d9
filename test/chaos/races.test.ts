import { describe, expect, it } from "vitest";
import { useDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../support/images.ts";
import { freePort } from "../support/registry.ts";

const daemon = useDaemon({ images: [busyboxArchive] });

const count = <T>(items: readonly T[], wanted: T): number => items.filter((item) => item === wanted).length;
const create = async (config: object = {}, query = ""): Promise<string> =>
  (await daemon.api("POST", `/containers/create${query}`, { Image: BUSYBOX, Cmd: ["sleep", "1000"], ...config })).json.Id as string;
const remove = (id: string): Promise<number> => daemon.api("DELETE", `/containers/${id}?force=1`).then((answer) => answer.status);

describe("two of everything at once", () => {
  it("twenty creates of one name: one container, nineteen conflicts", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => daemon.api("POST", "/containers/create?name=wanted", { Image: BUSYBOX })),
    );
    const statuses = answers.map(({ status }) => status);
    expect([count(statuses, 201), count(statuses, 409)]).toEqual([1, 19]);
    expect(await remove("wanted")).toBe(204);
  });

  it("twenty starts of one port: one container runs, the others say why and leave nothing", async () => {
    const port = String(await freePort());
    const ids = await Promise.all(
      Array.from({ length: 20 }, () =>
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

  it("two removals: one removes, the other is told", async () => {
    const id = await create();
    await daemon.api("POST", `/containers/${id}/start`);
    const statuses = await Promise.all([remove(id), remove(id), remove(id)]);
    expect(statuses.filter((status) => ![204, 404, 409].includes(status))).toEqual([]);
    expect(count(statuses, 204)).toBeGreaterThanOrEqual(1);
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
