import { decide, type DecideDeps, type Decision } from "./decide.ts";
import type { Attempt, Forwarded, Forwarder } from "./forwarder.ts";
import { ownAnswer, parseQuery, type Query, RCODE, readdress, refusalOf, udpLimit } from "./message.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";

export interface ResolverDeps extends DecideDeps {
  readonly forwarder: Pick<Forwarder, "cached" | "forward">;
  /** The container that asks, as it is now. */
  sandbox(containerId: string): Sandbox | undefined;
}

/** A question answered, with all that led to it. */
export interface Resolution {
  readonly packet: Buffer;
  readonly decision: Decision;
  readonly forwarded: Forwarded | undefined;
  readonly attempts: readonly Attempt[];
}

/** Answers the questions of containers: what is called so on their networks at once, the rest by the servers of the host. */
export class Resolver {
  readonly #deps: ResolverDeps;

  constructor(deps: ResolverDeps) {
    this.#deps = deps;
  }

  /**
   * @param limit how long the answer may be; undefined for what the question says.
   * @returns undefined where there is nothing to answer. Never rejects.
   */
  answer(containerId: string, packet: Buffer, limit?: number): Buffer | undefined | Promise<Buffer | undefined> {
    const query = parseQuery(packet);
    if ("refusal" in query) return query.refusal === undefined ? undefined : refusalOf(query.refusal);
    const asker = this.#deps.sandbox(containerId);
    const most = limit ?? udpLimit(query);
    if (asker === undefined) return own(query, RCODE.failure, most);
    const decision = decide(this.#deps, asker, query.question);
    if (decision.kind === "own") return ownAnswer(query, decision.rcode, decision.records, { limit: most, authoritative: true });
    const known = this.#deps.forwarder.cached(decision.servers, query);
    if (known?.packet !== undefined) return readdress(known.packet, query, most);
    return this.#deps.forwarder.forward(decision.servers, query, containerId).then(({ packet: found }) => finish(query, found, most));
  }

  /** Answers as `answer` does, and tells everything about it. */
  async explain(asker: Sandbox, query: Query, limit: number): Promise<Resolution> {
    const decision = decide(this.#deps, asker, query.question);
    if (decision.kind === "own") {
      const packet = ownAnswer(query, decision.rcode, decision.records, { limit, authoritative: true });
      return { packet, decision, forwarded: undefined, attempts: [] };
    }
    const attempts: Attempt[] = [];
    const known = this.#deps.forwarder.cached(decision.servers, query);
    const forwarded =
      known ?? (await this.#deps.forwarder.forward(decision.servers, query, asker.containerId, (attempt) => attempts.push(attempt)));
    return { packet: finish(query, forwarded.packet, limit), decision, forwarded, attempts };
  }
}

function own(query: Query, rcode: number, limit: number): Buffer {
  return ownAnswer(query, rcode, [], { limit, authoritative: false });
}

function finish(query: Query, found: Buffer | undefined, limit: number): Buffer {
  return found === undefined ? own(query, RCODE.failure, limit) : readdress(found, query, limit);
}
