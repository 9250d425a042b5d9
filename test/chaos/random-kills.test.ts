import { describe, expect, it } from "vitest";
import { useDaemon, type Answer } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../support/images.ts";
import { inventoryOf } from "../support/inventory.ts";
import { figure, scaled } from "../support/scale.ts";
import { Seeded } from "../support/seeded.ts";

/**
 * Several clients use the daemon at once, each its own containers, volumes and networks, while it is killed again and again at instants
 * that chance chooses. Each client knows what it was told, and holds the next daemon to it.
 */
const daemon = useDaemon({ images: [busyboxArchive] });
const KILLS = scaled(6, 200);
const CLIENTS = 4;
const MOST_DELAY_MS = 900;
const EXIT = 33;
const PROGRAM = ["sh", "-c", `trap 'exit ${EXIT}' TERM; echo up; sleep 100000 & wait`];

/** What a client was told last of a container; several, when its last request was not answered. */
type Status = "none" | "created" | "running" | "exited";

const after: Readonly<Record<string, Status>> = { create: "created", start: "running", stop: "exited", restart: "running", rm: "none" };

/** They end the program before they do what they are for. */
const endsFirst = new Set(["restart", "rm"]);

class Client {
  readonly #name: string;
  readonly #chance: Seeded;
  #possible: readonly Status[] = ["none"];
  requests = 0;
  unanswered = 0;

  constructor(name: string, chance: Seeded) {
    this.#name = name;
    this.#chance = chance;
  }

  /** One request after the other, until the daemon dies under one. */
  async use(): Promise<void> {
    while (await this.#step());
  }

  /** Looks at what the new daemon has made of it. */
  async check(): Promise<void> {
    const { status, json } = await daemon.api("GET", `/containers/${this.#name}/json`);
    const now = status === 404 ? "none" : (json.State.Status as Status);
    if (!this.#possible.includes(now)) throw new Error(`${this.#name} is ${now}, and was promised to be ${this.#possible.join(" or ")}`);
    if (now === "exited" && ![EXIT, 137].includes(json.State.ExitCode as number))
      throw new Error(`${this.#name} has exited with ${json.State.ExitCode as number}`);
    this.#possible = [now];
  }

  async leave(): Promise<void> {
    await daemon.api("DELETE", `/containers/${this.#name}?force=1&v=1`);
    for (const path of [`/volumes/${this.#name}`, `/networks/${this.#name}`]) await daemon.api("DELETE", path);
  }

  async #step(): Promise<boolean> {
    const [now = "none"] = this.#possible;
    const verb = this.#chance.pick(nextVerbs[now]);
    this.requests += 1;
    const target = after[verb] ?? now;
    this.#possible = [now, target, ...(now === "running" && endsFirst.has(verb) ? (["exited"] as const) : [])];
    const answer = await this.#ask(verb).catch(() => undefined);
    if (answer === undefined) {
      this.unanswered += 1;
      return false;
    }
    if (answer.status >= 400) throw new Error(`${verb} of ${this.#name}, which is ${now}: ${answer.status} ${answer.text}`);
    this.#possible = [target];
    return true;
  }

  async #ask(verb: string): Promise<Answer> {
    const container = `/containers/${this.#name}`;
    switch (verb) {
      case "create":
        return daemon.api("POST", `/containers/create?name=${this.#name}`, { Image: BUSYBOX, Cmd: PROGRAM, Volumes: { "/data": {} } });
      case "rm":
        return daemon.api("DELETE", `${container}?force=1&v=1`);
      case "exec":
        return this.#exec();
      case "logs":
        return daemon.api("GET", `${container}/logs?stdout=1`);
      case "volume":
        return this.#thereAndBack("/volumes", { Name: this.#name });
      case "network":
        return this.#thereAndBack("/networks", { Name: this.#name });
      default:
        return daemon.api("POST", `${container}/${verb}${verb === "start" ? "" : "?t=5"}`);
    }
  }

  async #exec(): Promise<Answer> {
    const made = await daemon.api("POST", `/containers/${this.#name}/exec`, { Cmd: ["echo", "served"], AttachStdout: true });
    return daemon.api("POST", `/exec/${made.json.Id as string}/start`, {});
  }

  /** What an earlier daemon made may be there. */
  async #thereAndBack(path: string, body: object): Promise<Answer> {
    await daemon.api("POST", `${path}/create`, body);
    return daemon.api("DELETE", `${path}/${this.#name}`);
  }
}

const nextVerbs: Readonly<Record<Status, readonly string[]>> = {
  none: ["create", "create", "volume", "network"],
  created: ["start", "start", "rm", "logs"],
  running: ["stop", "restart", "rm", "exec", "exec", "logs"],
  exited: ["start", "rm", "logs"],
};

/** What there is when one container has come and gone. */
async function settledInventory(): Promise<string[]> {
  await daemon.api("POST", "/containers/create?name=first", { Image: BUSYBOX, Cmd: ["true"] });
  await daemon.api("POST", "/containers/first/start");
  await daemon.api("POST", "/containers/first/wait");
  await daemon.api("DELETE", "/containers/first");
  return await eventually(() => {
    const now = inventoryOf(daemon.instance);
    if (now.some((line) => /^(?:mount|netns|process|link d\w{4}[0-9a-f]{8}$)|removals|sandboxes|staging|bundles/.test(line)))
      throw new Error(now.join("\n"));
    return now;
  });
}

describe("P34: a daemon that is killed at random under load", { timeout: scaled(120_000, 7_200_000) }, () => {
  it("keeps every promise that it made, and leaves nothing", async () => {
    const baseline = await settledInventory();
    const chance = new Seeded();
    console.log(`seed ${chance.seed}`);
    const clients = Array.from({ length: CLIENTS }, (_, index) => new Client(`client-${index}`, chance.fork()));
    for (let kill = 1; kill <= KILLS; kill++) {
      const used = Promise.all(clients.map((client) => client.use()));
      used.catch(() => undefined); // It is looked at below.
      await new Promise((resolve) => setTimeout(resolve, chance.below(MOST_DELAY_MS)));
      await daemon.kill();
      await used;
      await daemon.start();
      for (const client of clients) await client.check();
    }
    await Promise.all(clients.map((client) => client.leave()));
    expect((await daemon.api("GET", "/containers/json?all=1")).json).toEqual([]);
    await eventually(() => {
      const left = inventoryOf(daemon.instance).filter((line) => !baseline.includes(line));
      expect(left).toEqual([]);
    });
    const requests = clients.reduce((sum, client) => sum + client.requests, 0);
    figure(`random kills under load of ${CLIENTS} clients`, `${KILLS} kills, ${requests} requests, 0 promises broken, 0 things left`);
    expect(clients.every((client) => client.unanswered > 0)).toBe(true);
  });
});
