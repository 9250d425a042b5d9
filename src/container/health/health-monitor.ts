import { monotonicMs } from "#lib/monotonic.ts";
import { callAfter } from "#lib/call-after.ts";
import { Slots } from "#lib/slots.ts";
import type { Container } from "../record/container.ts";
import { afterProbe, beginning, resting, untilNext, type Health } from "./health.ts";
import type { HealthStore } from "./health-store.ts";
import { healthPlan, type HealthPlan } from "./plan.ts";
import type { Probe, ProbeOutcome } from "./probe.ts";

export interface HealthMonitorDeps {
  readonly healths: HealthStore;
  readonly probe: Probe;
  /** The container as it is now; undefined when it is gone. */
  readonly find: (id: string) => Container | undefined;
  /** A check has made it another. */
  readonly onStatus: (container: Container, health: Health) => void;
  /** It rests, or begins anew. */
  readonly onRest: (id: string) => void;
  readonly onGone: (id: string) => void;
}

/** Checks that are begun at once: a hundred that are due together must not take the host from whoever works. */
const AT_ONCE = 8;

/** One container's checks, for as long as it runs and is not paused. */
interface Watch {
  readonly id: string;
  readonly plan: HealthPlan;
  /** When the container was started, by the clock that nobody sets (monotonicMs). */
  readonly startedAt: number;
  readonly stop: AbortController;
  cancelTimer: () => void;
}

/**
 * Checks the health of containers, by Docker's rules (moby daemon/health.go): from the end of one check to the start of the next is
 * the interval; never two of one container at once. Between checks a container costs one timer.
 */
export class HealthMonitor {
  readonly #deps: HealthMonitorDeps;
  readonly #watches = new Map<string, Watch>();
  readonly #slots = new Slots(AT_ONCE);
  readonly #counts = { checks: 0, failed: 0 };

  constructor(deps: HealthMonitorDeps) {
    this.#deps = deps;
  }

  /** Since the daemon was started: `failed` could not be run, as Docker counts it. */
  get counts(): { readonly checks: number; readonly failed: number } {
    return this.#counts;
  }

  /** Undefined for a container that has no check, or was never started. */
  of(id: string): Health | undefined {
    return this.#deps.healths.get(id);
  }

  /** A run has begun. */
  begin(container: Container): void {
    const plan = healthPlan(container.config);
    if (plan === undefined) return;
    this.#stop(container.id);
    this.#deps.healths.set(container.id, beginning(this.of(container.id)));
    this.#watch(container, plan, monotonicMs());
  }

  /** It was started by a daemon before this one, or has been thawed: what was known of it holds until a check says otherwise. */
  resume(container: Container, startedAt: number): void {
    const plan = healthPlan(container.config);
    if (plan === undefined || this.#watches.has(container.id)) return;
    if (this.of(container.id) === undefined) this.#deps.healths.set(container.id, beginning(undefined));
    this.#watch(container, plan, monotonicMs() - Math.max(0, Date.now() - startedAt));
  }

  /** It has ended, or is frozen. A check that is under way is killed. */
  rest(id: string): void {
    this.#stop(id);
    const health = this.of(id);
    if (health !== undefined) this.#deps.healths.set(id, resting(health));
  }

  /** Forgets what a daemon that was killed has left of containers that are gone. */
  keepOnly(isKnown: (id: string) => boolean): void {
    this.#deps.healths.keepOnly(isKnown);
  }

  /** It is gone. */
  forget(id: string): void {
    this.#stop(id);
    this.#deps.healths.delete(id);
    this.#deps.onGone(id);
  }

  /** The daemon goes, the containers stay: the next one goes on where this one was. */
  close(): void {
    for (const id of this.#watches.keys()) this.#stop(id);
    this.#deps.healths.saveAll();
  }

  #watch({ id }: Container, plan: HealthPlan, startedAt: number): void {
    const watch: Watch = { id, plan, startedAt, stop: new AbortController(), cancelTimer: () => {} };
    this.#watches.set(id, watch);
    this.#schedule(watch);
  }

  #stop(id: string): void {
    const watch = this.#watches.get(id);
    if (watch === undefined) return;
    this.#watches.delete(id);
    watch.cancelTimer();
    watch.stop.abort();
    this.#deps.onRest(id);
  }

  #schedule(watch: Watch): void {
    const health = this.of(watch.id);
    if (health === undefined) return;
    watch.cancelTimer = callAfter(untilNext(health, watch.plan, monotonicMs() - watch.startedAt), () => void this.#check(watch));
  }

  async #check(watch: Watch): Promise<void> {
    const container = this.#deps.find(watch.id);
    if (container === undefined) return;
    const { signal } = watch.stop;
    const sinceStart = monotonicMs() - watch.startedAt;
    const outcome = await this.#probe(container, watch.plan, signal);
    if (outcome === undefined || signal.aborted) return;
    this.#note(container, watch, outcome, sinceStart);
    if (!signal.aborted) this.#schedule(watch);
  }

  /** The slot is given back as soon as the check runs: one that hangs holds up nobody. Undefined when it was called off before. */
  async #probe(container: Container, plan: HealthPlan, signal: AbortSignal): Promise<ProbeOutcome | undefined> {
    const running = Promise.withResolvers<void>();
    const begun = await this.#slots
      .run(signal, async () => {
        const outcome = this.#deps.probe(container, plan, signal, running.resolve);
        await Promise.race([running.promise, outcome]);
        return { outcome };
      })
      .catch(() => undefined);
    return await begun?.outcome;
  }

  #note(container: Container, watch: Watch, { failed, ...result }: ProbeOutcome, sinceStart: number): void {
    this.#counts.checks += 1;
    if (failed) this.#counts.failed += 1;
    const before = this.of(watch.id);
    if (before === undefined) return;
    const after = afterProbe(before, watch.plan, result, sinceStart);
    this.#deps.healths.set(watch.id, after);
    if (after.status !== before.status) this.#deps.onStatus(container, after);
  }
}
