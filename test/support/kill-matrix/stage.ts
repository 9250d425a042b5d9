import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { useDaemon, type Answer, type TestDaemon } from "../daemon.ts";
import { eventually } from "../eventually.ts";
import { BUSYBOX, busyboxArchive } from "../images.ts";
import { freePort } from "../registry.ts";
import { figure, scaled, soak } from "../scale.ts";
import { Seeded } from "../seeded.ts";
import { KillMatrix, SUBJECT, type Killed, type Verb } from "./kill-matrix.ts";

export interface Shown {
  readonly Status: string;
  readonly ExitCode: number;
  readonly Pid: number;
  readonly FinishedAt: string;
}

const PROGRAM = ["sh", "-c", "trap 'exit 33' TERM; echo up; echo kept >/kept; sleep 100000 & wait"];

/** A daemon that can be killed before any of its steps, with two bystanders: one container runs on through every kill, another ended long ago. */
export class Stage {
  readonly daemon: TestDaemon;
  readonly matrix: KillMatrix;
  readonly chance = new Seeded();
  #port = 0;
  #keeper = 0;

  constructor(daemon: TestDaemon) {
    this.daemon = daemon;
    this.matrix = new KillMatrix(daemon);
  }

  async setUp(): Promise<void> {
    console.log(`seed ${this.chance.seed}`);
    this.#port = await freePort();
    await this.#create("keeper", await freePort());
    await this.call("POST", "/containers/keeper/start");
    await this.call("POST", "/containers/create?name=ended", { Image: BUSYBOX, Cmd: ["sh", "-c", "exit 42"] });
    await this.call("POST", "/containers/ended/start");
    await this.call("POST", "/containers/ended/wait");
    await this.matrix.rest();
    await this.matrix.takeBaseline();
    this.#keeper = (await this.state("keeper")).Pid;
  }

  /** After a test that failed, too, the next one has a daemon and no subject. */
  async clear(): Promise<void> {
    if (!this.daemon.isRunning) await this.daemon.start();
    await this.daemon.api("DELETE", `/containers/${SUBJECT}?force=1&v=1`);
  }

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.daemon.api(method, path, body);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  async isThere(path: string): Promise<boolean> {
    return (await this.daemon.api("GET", path)).status === 200;
  }

  async state(name = SUBJECT): Promise<Shown> {
    return (await this.daemon.api("GET", `/containers/${name}/json`)).json.State as Shown;
  }

  knows(): Promise<boolean> {
    return this.isThere(`/containers/${SUBJECT}/json`);
  }

  createSubject(more: object = {}): Promise<Answer> {
    return this.#create(SUBJECT, this.#port, more);
  }

  async runSubject(more: object = {}): Promise<void> {
    await this.createSubject(more);
    await this.call("POST", `/containers/${SUBJECT}/start`);
    await this.#isUp();
  }

  /** Whatever it is in, a stop brings it to its own exit code. */
  async endsWith33(): Promise<void> {
    await this.#isUp();
    await this.call("POST", `/containers/${SUBJECT}/stop?t=30`);
    expect(await this.state()).toMatchObject({ Status: "exited", ExitCode: 33 });
  }

  removeSubject(): Promise<Answer> {
    return this.daemon.api("DELETE", `/containers/${SUBJECT}?force=1&v=1`);
  }

  /** A container of that image finds a file of some bytes in it; then both are removed. */
  async imageHas(image: string, file: string): Promise<void> {
    await this.removeSubject();
    await this.call("POST", `/containers/create?name=${SUBJECT}`, { Image: image, Cmd: ["test", "-s", file] });
    await this.call("POST", `/containers/${SUBJECT}/start`);
    expect((await this.call("POST", `/containers/${SUBJECT}/wait`)).json.StatusCode).toBe(0);
    await this.call("DELETE", `/containers/${SUBJECT}?v=1`);
    await this.call("DELETE", `/images/${image}`);
  }

  async revive(verb: Verb, killed: Killed): Promise<void> {
    await this.matrix.revive(verb, killed);
    expect(await this.state("keeper")).toMatchObject({ Status: "running", Pid: this.#keeper });
    expect(await this.state("ended")).toMatchObject({ Status: "exited", ExitCode: 42 });
  }

  #create(name: string, hostPort: number, more: object = {}): Promise<Answer> {
    return this.call("POST", `/containers/create?name=${name}`, {
      Image: BUSYBOX,
      Cmd: PROGRAM,
      Volumes: { "/data": {} },
      ExposedPorts: { "80/tcp": {} },
      HostConfig: { PortBindings: { "80/tcp": [{ HostPort: String(hostPort) }] }, ...more },
    });
  }

  /** Before, it has no trap for the signal. */
  #isUp(): Promise<void> {
    return eventually(async () => expect((await this.daemon.api("GET", `/containers/${SUBJECT}/logs?stdout=1`)).text).toContain("up"));
  }
}

export function useStage(): Stage {
  const stage = new Stage(useDaemon({ images: [busyboxArchive], fragile: true }));
  beforeAll(() => stage.setUp());
  beforeEach(() => stage.clear());
  return stage;
}

/** In CI so many of a verb's milestones are tried. */
const MILESTONES = 1;
/** In CI so many other steps are, of which some may be numbers that a verb does not come to a second time. */
const AT_RANDOM = 1;
const SPARE = 10;

/**
 * The daemon is killed before each single system call of a verb that changes anything (test/support/kill-switch), in CI before some of
 * them: at a milestone, and at another that the seed chooses. After each kill the next daemon has to account for everything.
 */
export function killDuring(stage: Stage, verbs: readonly Verb[]): void {
  const { chance, matrix } = stage;
  describe.each(verbs)("P34: a daemon killed during $name", { timeout: scaled(120_000, 3_600_000) }, (verb) => {
    it.each(scaled(chance.sample(verb.milestones, MILESTONES), verb.milestones))("when $name", async (milestone) => {
      const killed = await matrix.killAt(verb, milestone);
      if (killed === undefined) throw new Error(`it never came to ${milestone.before}:\n${matrix.steps().join("\n")}`);
      for (const line of milestone.has ?? []) expect(killed.made).toContainEqual(expect.stringMatching(line));
      for (const line of milestone.lacks ?? []) expect(killed.made).not.toContainEqual(expect.stringMatching(line));
      await stage.revive(verb, killed);
    });

    it("and before other steps: every single one in a soak, else those that chance has chosen", async () => {
      const steps = await matrix.count(verb);
      const numbers = steps.map(({ number }) => number);
      const seen = new Set<string>();
      let kills = 0;
      // A number that the verb does not come to this time is followed by another.
      const some = Array.from({ length: SPARE }, () => chance.pick(numbers));
      for (const number of scaled(some, numbers)) {
        if (!soak && kills === AT_RANDOM) break;
        const killed = await matrix.killAtStep(verb, number);
        if (killed === undefined) continue;
        kills += 1;
        seen.add(killed.made.map((line) => line.replace(/ .*\/(\w+)\/[^/]*$/, " $1").replace(/\d+/g, "N")).join());
        await stage.revive(verb, killed);
      }
      const states = `${kills} of ${steps.length}, ${seen.size} different states found`;
      figure(`kill matrix, ${verb.name}: steps of which before it was killed`, states);
      expect(kills).toBeGreaterThan(soak ? steps.length * 0.9 : 0);
    });
  });
}
