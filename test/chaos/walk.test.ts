import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { useDaemon, type Answer } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../support/images.ts";
import { figure, scaled } from "../support/scale.ts";
import { Seeded } from "../support/seeded.ts";

/** A random walk over the verbs of one container beside a model of it: each answer, and where the container is afterwards, has to be the model's. */
const daemon = useDaemon({ images: [busyboxArchive] });
const NAME = "walker";

type Status = "none" | "created" | "running" | "paused" | "exited";

interface Model {
  status: Status;
}

/** The status code that a verb answers with, by where the container is, and where it is then. */
type Table = Readonly<Record<Status, readonly [code: number, after: Status]>>;

const verbs: Readonly<Record<string, { readonly ask: () => Promise<Answer>; readonly table: Table }>> = {
  create: {
    ask: () => daemon.api("POST", `/containers/create?name=${NAME}`, { Image: BUSYBOX, Cmd: ["sleep", "1000"] }),
    table: {
      none: [201, "created"],
      created: [409, "created"],
      running: [409, "running"],
      paused: [409, "paused"],
      exited: [409, "exited"],
    },
  },
  start: {
    ask: () => daemon.api("POST", `/containers/${NAME}/start`),
    table: { none: [404, "none"], created: [204, "running"], running: [304, "running"], paused: [409, "paused"], exited: [204, "running"] },
  },
  stop: {
    ask: () => daemon.api("POST", `/containers/${NAME}/stop?t=0`),
    table: { none: [404, "none"], created: [304, "created"], running: [204, "exited"], paused: [204, "exited"], exited: [304, "exited"] },
  },
  kill: {
    ask: () => daemon.api("POST", `/containers/${NAME}/kill`),
    table: { none: [404, "none"], created: [409, "created"], running: [204, "exited"], paused: [204, "exited"], exited: [409, "exited"] },
  },
  restart: {
    ask: () => daemon.api("POST", `/containers/${NAME}/restart?t=0`),
    table: {
      none: [404, "none"],
      created: [204, "running"],
      running: [204, "running"],
      paused: [204, "running"],
      exited: [204, "running"],
    },
  },
  pause: {
    ask: () => daemon.api("POST", `/containers/${NAME}/pause`),
    table: { none: [404, "none"], created: [409, "created"], running: [204, "paused"], paused: [409, "paused"], exited: [409, "exited"] },
  },
  unpause: {
    ask: () => daemon.api("POST", `/containers/${NAME}/unpause`),
    table: { none: [404, "none"], created: [409, "created"], running: [409, "running"], paused: [204, "running"], exited: [409, "exited"] },
  },
  exec: {
    ask: async () => {
      const made = await daemon.api("POST", `/containers/${NAME}/exec`, { Cmd: ["echo", "walked"], AttachStdout: true });
      if (made.status === 201) expect((await daemon.api("POST", `/exec/${made.json.Id as string}/start`, {})).text).toContain("walked");
      return made;
    },
    table: { none: [404, "none"], created: [409, "created"], running: [201, "running"], paused: [409, "paused"], exited: [409, "exited"] },
  },
  rm: {
    ask: () => daemon.api("DELETE", `/containers/${NAME}`),
    table: { none: [404, "none"], created: [204, "none"], running: [409, "running"], paused: [409, "paused"], exited: [204, "none"] },
  },
  "rm -f": {
    ask: () => daemon.api("DELETE", `/containers/${NAME}?force=1`),
    table: { none: [404, "none"], created: [204, "none"], running: [204, "none"], paused: [204, "none"], exited: [204, "none"] },
  },
};

let walked = 0;

class Step implements fc.AsyncCommand<Model, TestVerbs> {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: TestVerbs): Promise<void> {
    const verb = real[this.#name];
    if (verb === undefined) throw new Error(`there is no verb ${this.#name}`);
    const [code, after] = verb.table[model.status];
    const answer = await verb.ask();
    walked += 1;
    if (answer.status !== code)
      throw new Error(`${this.#name} of one that is ${model.status}: ${answer.status} ${answer.text}, not ${code}`);
    model.status = after;
    // A killed process takes a moment to die, which `kill` does not wait for.
    await eventually(async () => {
      const status = await found();
      if (status !== after) throw new Error(`after ${this.#name} it is ${status}, not ${after}`);
    });
  }

  toString(): string {
    return this.#name;
  }
}

type TestVerbs = typeof verbs;

async function found(): Promise<string> {
  const { status, json } = await daemon.api("GET", `/containers/${NAME}/json`);
  return status === 404 ? "none" : (json.State.Status as string);
}

afterEach(() => daemon.api("DELETE", `/containers/${NAME}?force=1`));

describe("a random walk over a container's verbs", { timeout: scaled(120_000, 7_200_000) }, () => {
  it("answers as the model does, step by step", async () => {
    const { seed } = new Seeded();
    console.log(`seed ${seed}`);
    const walk = fc.commands(
      Object.keys(verbs).map((name) => fc.constant(new Step(name))),
      { maxCommands: scaled(40, 200), size: "max" },
    );
    const property = fc.asyncProperty(walk, async (commands) => {
      await daemon.api("DELETE", `/containers/${NAME}?force=1`);
      await fc.asyncModelRun(() => ({ model: { status: "none" as Status }, real: verbs }), commands);
    });
    await fc.assert(property, { seed, numRuns: scaled(4, 100), endOnFailure: true });
    figure("steps of a random walk beside a model", walked);
    expect(walked).toBeGreaterThan(20);
  });

  it("from many sides at once ends in a state that every client is told of, without a fault of ours", async () => {
    const chance = new Seeded();
    console.log(`seed ${chance.seed}`);
    const names = Object.keys(verbs).filter((name) => name !== "exec");
    for (let round = 0; round < scaled(6, 300); round++) {
      const answers = await Promise.all(Array.from({ length: 12 }, async () => await verbs[chance.pick(names)]?.ask()));
      const faults = answers.filter(
        (answer) => (answer?.status ?? 500) >= 500 && !(answer?.text ?? "").includes("did not receive an exit event"),
      );
      expect(faults).toEqual([]);
      expect(await found()).toMatch(/^(?:none|created|running|paused|exited)$/);
    }
    await daemon.api("DELETE", `/containers/${NAME}?force=1`);
    await eventually(async () => expect(await found()).toBe("none"));
  });
});
