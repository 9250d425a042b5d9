import { expect } from "vitest";
import type { Answer, TestDaemon } from "../daemon.ts";
import { eventually } from "../eventually.ts";
import { inventoryOf } from "../inventory.ts";
import type { Step } from "../kill-switch/kill-switch.ts";

/** The container that a verb is tried on. */
export const SUBJECT = "subject";

/** A verb that the daemon is killed in the middle of. */
export interface Verb {
  readonly name: string;
  /** Before the daemon can be killed. */
  readonly prepare: () => Promise<void>;
  readonly act: () => Promise<Answer>;
  /**
   * Afterwards, by the new daemon: what has become of the subject.
   *
   * @param answered the verb was done, as far as its caller knows.
   */
  readonly settle: (answered: boolean) => Promise<void>;
  /** Instants that a sweep must not miss. */
  readonly milestones: readonly Milestone[];
}

/** Killed before the first step that matches `before`, the verb has made of it what `has` says. */
export interface Milestone {
  readonly name: string;
  /** An extended regular expression of POSIX. */
  readonly before: string;
  /** The step that is meant is the n-th that matches. */
  readonly occurrence?: number;
  readonly has?: readonly RegExp[];
  readonly lacks?: readonly RegExp[];
}

export interface Killed {
  readonly at: Step;
  /** What the verb had made by then: lines of the inventory. */
  readonly made: readonly string[];
  readonly answered: boolean;
}

/** How long a daemon that has answered may be silent before it is taken to be done with what goes on behind. */
const QUIET_MS = 250;

/** The same where a step is known to come, and only a slow machine keeps it back. */
const PATIENCE_MS = 10_000;

/** A stream that was begun says in its text when it fails. */
function succeeded({ status, text }: Answer): boolean {
  return status < 400 && !text.includes('"errorDetail"');
}

/** Kills one daemon after the other in the middle of a verb, and looks at what the next one makes of it. */
export class KillMatrix {
  readonly #daemon: TestDaemon;
  #baseline: string[] = [];

  constructor(daemon: TestDaemon) {
    this.#daemon = daemon;
  }

  /**
   * What there is now, with the bystanders at rest, is what there has to be after each kill. Nothing is at rest while it changes: a slow
   * machine may take its time between two steps.
   */
  async takeBaseline(): Promise<void> {
    await eventually(async () => {
      const before = inventoryOf(this.#daemon.instance);
      await this.rest();
      this.#baseline = inventoryOf(this.#daemon.instance);
      expect(this.#baseline).toEqual(before);
    });
  }

  /** What the daemon has done since the kill was armed, or the steps were counted: one line a step. */
  steps(): string[] {
    return this.#daemon.killSwitch.steps.map(({ call, what }) => `${call} ${what}`);
  }

  /** Resolves when nothing goes on behind any answer. */
  async rest(): Promise<void> {
    const { killSwitch } = this.#daemon;
    await killSwitch.arm(0);
    await eventually(() => expect(killSwitch.quietFor).toBeGreaterThan(QUIET_MS));
    await killSwitch.disarm();
  }

  /** Does the verb undisturbed. Returns its steps, those behind its answer too. */
  async count(verb: Verb): Promise<readonly Step[]> {
    await verb.prepare();
    const { killSwitch } = this.#daemon;
    await killSwitch.arm(0);
    await verb.act();
    await eventually(() => expect(killSwitch.quietFor).toBeGreaterThan(QUIET_MS));
    await killSwitch.disarm();
    const { steps } = killSwitch;
    await this.#settle(verb, true);
    return steps;
  }

  /** Undefined when it never came to that. */
  async killAt(verb: Verb, milestone: Milestone): Promise<Killed | undefined> {
    return await this.#kill(verb, milestone.before, milestone.occurrence ?? 1, PATIENCE_MS);
  }

  /** Before the n-th step, whatever it is; undefined when the verb was over before that: no two runs of it have the same steps. */
  async killAtStep(verb: Verb, number: number): Promise<Killed | undefined> {
    return await this.#kill(verb, ".", number, QUIET_MS);
  }

  async revive(verb: Verb, { answered }: Killed): Promise<void> {
    await this.#daemon.start();
    await this.#settle(verb, answered);
  }

  async #kill(verb: Verb, before: string, occurrence: number, patience: number): Promise<Killed | undefined> {
    await verb.prepare();
    // What goes on behind the preparation (the journal's rows) is no step of the verb.
    await this.rest();
    const { killSwitch } = this.#daemon;
    await killSwitch.arm(occurrence, before);
    const answer = verb.act().catch(() => undefined);
    const answered = await Promise.race([answer, this.#daemon.ended().then(() => undefined)]);
    await eventually(() => expect(killSwitch.killedAt !== undefined || killSwitch.quietFor > patience).toBe(true));
    if (killSwitch.killedAt === undefined) await killSwitch.disarm();
    // It may have come to it after all, while it was told not to.
    const at = killSwitch.killedAt;
    if (at === undefined) {
      await this.#settle(verb, true);
      return undefined;
    }
    await this.#daemon.ended();
    const made = this.#made();
    // The kill may have come behind an answer that was on its way.
    const told = answered ?? (await answer);
    return { at, made, answered: told !== undefined && succeeded(told) };
  }

  #made(): string[] {
    const before = new Set(this.#baseline);
    return inventoryOf(this.#daemon.instance).filter((line) => !before.has(line));
  }

  async #settle(verb: Verb, answered: boolean): Promise<void> {
    await verb.settle(answered);
    await this.#daemon.api("DELETE", `/containers/${SUBJECT}?force=1&v=1`);
    expect((await this.#daemon.api("GET", `/containers/${SUBJECT}/json`)).status).toBe(404);
    await eventually(() => {
      const now = inventoryOf(this.#daemon.instance);
      const [was, is] = [new Set(this.#baseline), new Set(now)];
      const [lost, left] = [this.#baseline.filter((line) => !is.has(line)), now.filter((line) => !was.has(line))];
      expect({ lost, left }).toEqual({ lost: [], left: [] });
    });
  }
}
