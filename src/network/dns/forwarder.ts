import { monotonicMs } from "#lib/monotonic.ts";
import { messageOf } from "#errors/engine-error.ts";
import type { AnswerCache } from "./cache.ts";
import { checkingDisabled, type Query, RCODE, rcodeOf } from "./message.ts";
import type { AskUpstream, Upstream } from "./upstream.ts";

export interface ForwarderDeps {
  readonly ask: AskUpstream;
  readonly cache: AnswerCache;
}

export interface ForwarderOptions {
  /** How long a server may think before the next is asked too. */
  readonly hedgeMs: number;
  /** Less than what a stub resolver waits (5 s): it learns that there is no answer rather than nothing. */
  readonly deadlineMs: number;
  /** How long a server that did not answer in time comes last. */
  readonly restMs: number;
  /** Questions under way, of one container and of all. */
  readonly perClient: number;
  readonly inAll: number;
}

const FORWARDER_OPTIONS: ForwarderOptions = { hedgeMs: 250, deadlineMs: 4500, restMs: 30_000, perClient: 256, inAll: 1024 };

/** What one server was asked and what came of it, for `dhow dns trace`. */
export interface Attempt {
  readonly server: Upstream;
  readonly milliseconds: number;
  readonly outcome: "answer" | "failure";
  readonly transport: "udp" | "tcp" | undefined;
  readonly rcode: number | undefined;
  readonly error: string | undefined;
}

/** An answer to send on, whose packet is the caller's own; undefined where no server gave any. */
export interface Forwarded {
  readonly packet: Buffer | undefined;
  readonly source: "cache" | "server" | "shared" | "limit" | "nobody";
  readonly ageSeconds?: number;
  readonly server?: Upstream;
}

interface Outcome {
  readonly packet: Buffer | undefined;
  readonly server: Upstream | undefined;
}

/**
 * Asks the host's servers on behalf of containers. The first is asked first; one that fails or thinks for long has the next asked
 * beside it, and the first good answer counts. Equal questions that are under way are one question, so that a server which asks
 * back in a circle is asked once.
 */
export class Forwarder {
  readonly #ask: AskUpstream;
  readonly #cache: AnswerCache;
  readonly #options: ForwarderOptions;
  readonly #underWay = new Map<string, Promise<Outcome>>();
  readonly #clients = new Map<string, number>();
  /** Servers that were slow or failed, and until when they come last. */
  readonly #resting = new Map<string, number>();
  #waiting = 0;

  constructor({ ask, cache }: ForwarderDeps, options: Partial<ForwarderOptions> = {}) {
    this.#ask = ask;
    this.#cache = cache;
    this.#options = { ...FORWARDER_OPTIONS, ...options };
  }

  /** Questions of one client, or of all, that wait for a server. */
  waiting(client?: string): number {
    return client === undefined ? this.#waiting : (this.#clients.get(client) ?? 0);
  }

  /** An answer that is known already. */
  cached(servers: readonly Upstream[], query: Query): Forwarded | undefined {
    const found = this.#cache.get(keyOf(servers, query));
    return found === undefined ? undefined : { ...found, source: "cache" };
  }

  /** Never rejects. @param client whose limit counts. @param note hears of each attempt. */
  async forward(servers: readonly Upstream[], query: Query, client: string, note?: (attempt: Attempt) => void): Promise<Forwarded> {
    const key = keyOf(servers, query);
    if (this.#waiting >= this.#options.inAll || this.waiting(client) >= this.#options.perClient)
      return { packet: undefined, source: "limit" };
    const shared = this.#underWay.get(key);
    this.#count(client, 1);
    try {
      const { packet, server } = await (shared ?? this.#begin(key, servers, query, note));
      if (packet === undefined) return { packet: undefined, source: "nobody" };
      return {
        packet: Buffer.from(packet),
        source: shared === undefined ? "server" : "shared",
        ...(server === undefined ? {} : { server }),
      };
    } finally {
      this.#count(client, -1);
    }
  }

  #count(client: string, change: 1 | -1): void {
    this.#waiting += change;
    const left = this.waiting(client) + change;
    if (left === 0) this.#clients.delete(client);
    else this.#clients.set(client, left);
  }

  #begin(key: string, servers: readonly Upstream[], query: Query, note?: (attempt: Attempt) => void): Promise<Outcome> {
    const work = this.#race(this.#inOrder(servers), query, note).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, work);
    void work.then(({ packet }) => {
      if (packet !== undefined) this.#cache.put(key, packet, query.question);
    });
    return work;
  }

  /** As they are written, but those that did not answer lately last. */
  #inOrder(servers: readonly Upstream[]): Upstream[] {
    const now = monotonicMs();
    const rests = (server: Upstream): boolean => (this.#resting.get(placeOf(server)) ?? 0) > now;
    return [...servers.filter((server) => !rests(server)), ...servers.filter(rests)];
  }

  async #race(servers: readonly Upstream[], query: Query, note: (attempt: Attempt) => void = () => {}): Promise<Outcome> {
    const over = new AbortController();
    const result = Promise.withResolvers<Outcome>();
    const deadline = setTimeout(() => result.resolve({ packet: fallback, server: undefined }), this.#options.deadlineMs);
    let fallback: Buffer | undefined;
    let hedge: NodeJS.Timeout | undefined;
    let next = 0;
    let open = 0;
    const launch = (): void => {
      clearTimeout(hedge);
      const server = servers[next];
      if (server === undefined) return;
      next += 1;
      open += 1;
      hedge = setTimeout(() => {
        this.#rest(server);
        launch();
      }, this.#options.hedgeMs);
      void this.#attempt(server, query, over.signal).then((attempt) => {
        open -= 1;
        if (over.signal.aborted) return;
        note(attempt.told);
        if (attempt.isGood) return result.resolve({ packet: attempt.packet, server });
        fallback ??= attempt.packet;
        this.#rest(server);
        launch();
        if (open === 0) result.resolve({ packet: fallback, server: undefined });
      });
    };
    launch();
    if (open === 0) result.resolve({ packet: undefined, server: undefined });
    try {
      return await result.promise;
    } finally {
      clearTimeout(deadline);
      clearTimeout(hedge);
      over.abort(new Error("another server has answered, or it is too late"));
    }
  }

  async #attempt(server: Upstream, query: Query, signal: AbortSignal) {
    const began = monotonicMs();
    const told = { server, outcome: "failure", transport: undefined, rcode: undefined, error: undefined } as const;
    try {
      const { packet, transport } = await this.#ask(server, query, signal);
      const rcode = rcodeOf(packet);
      const isGood = rcode === RCODE.success || rcode === RCODE.noSuchName;
      if (isGood) this.#resting.delete(placeOf(server));
      const outcome = isGood ? ("answer" as const) : ("failure" as const);
      return { isGood, packet, told: { ...told, outcome, transport, rcode, milliseconds: monotonicMs() - began } };
    } catch (error) {
      return { isGood: false, packet: undefined, told: { ...told, error: messageOf(error), milliseconds: monotonicMs() - began } };
    }
  }

  #rest(server: Upstream): void {
    const now = monotonicMs();
    this.#resting.set(placeOf(server), now + this.#options.restMs);
    if (this.#resting.size < 256) return;
    for (const [place, until] of this.#resting) if (until <= now) this.#resting.delete(place);
  }
}

function placeOf({ address, namespace }: Upstream): string {
  return namespace === undefined ? address : `${address}@${namespace}`;
}

/** All that an answer depends on. */
function keyOf(servers: readonly Upstream[], { packet, question, edns }: Query): string {
  const flags = `${edns === undefined ? "" : "e"}${edns?.dnssecOk === true ? "d" : ""}${checkingDisabled(packet) ? "c" : ""}`;
  return `${question.name}/${question.type}/${question.class}/${flags}/${servers.map(placeOf).join(",")}`;
}
