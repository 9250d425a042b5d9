import type { Duplex } from "node:stream";
import { EngineError } from "#errors/engine-error.ts";
import { isBuildSessionId } from "#spec/build/session.ts";
import { ClientSession } from "./client-session.ts";

/** How long a session waits for its build. */
const PATIENCE_MS = 30_000;
/** Nobody builds as much at once: more are forgotten connections. */
const MOST = 1000;

interface Place {
  readonly session: PromiseWithResolvers<ClientSession | undefined>;
  readonly forget: NodeJS.Timeout;
}

/** The sessions that clients have opened and no build has taken yet, by the id that the client chose. */
export class Sessions {
  readonly #waiting = new Map<string, Place>();

  /**
   * Keeps a place for a session whose connection is about to come, so that a build that comes at once finds it.
   *
   * @returns takes the connection, and resolves when the session is over.
   * @throws EngineError `invalid` for what is no id, `conflict` for one that is taken, `exhausted`.
   */
  reserve(id: string): (stream: Duplex) => Promise<void> {
    if (!isBuildSessionId(id)) throw new EngineError("invalid", "a build session's id is 32 hex digits");
    if (this.#waiting.has(id)) throw new EngineError("conflict", "there is a build session of this id");
    if (this.#waiting.size >= MOST) throw new EngineError("exhausted", "too many build sessions wait for their builds");
    const session = Promise.withResolvers<ClientSession | undefined>();
    const place: Place = { session, forget: setTimeout(() => this.#forget(id, place), PATIENCE_MS) };
    this.#waiting.set(id, place);
    return async (stream) => {
      using own = new ClientSession(stream);
      session.resolve(own);
      await own.closed;
      this.#forget(id, place);
    };
  }

  /** For the one build that names it, which ends it. @throws EngineError `not-found`. */
  async take(id: string): Promise<ClientSession> {
    const place = this.#waiting.get(id);
    if (place !== undefined) {
      this.#waiting.delete(id);
      clearTimeout(place.forget);
    }
    const session = await place?.session.promise;
    if (session !== undefined) return session;
    throw new EngineError("not-found", "no such build session: it has to be opened before the build, and anew for each");
  }

  close(): void {
    for (const [id, place] of this.#waiting) this.#forget(id, place);
  }

  #forget(id: string, place: Place): void {
    clearTimeout(place.forget);
    if (this.#waiting.get(id) === place) this.#waiting.delete(id);
    else return;
    place.session.resolve(undefined);
    void place.session.promise.then((session) => session?.[Symbol.dispose]());
  }
}
