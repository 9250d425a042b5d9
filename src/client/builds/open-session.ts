import { randomBytes } from "node:crypto";
import { EngineError } from "#errors/engine-error.ts";
import { BUILD_SESSION_HEADER } from "#spec/build/session.ts";
import { ApiError } from "../api-error.ts";
import { serveBuildSession, type BuildOffers } from "./session.ts";
import type { Caller } from "../caller.ts";

export interface OpenBuildSession extends Disposable {
  readonly id: string;
}

/** @throws EngineError `not-implemented` where the daemon is none of Dhow. */
export async function openBuildSession(caller: Caller, offers: BuildOffers, signal: AbortSignal | undefined): Promise<OpenBuildSession> {
  const id = randomBytes(16).toString("hex");
  try {
    const { stream } = await caller.hijack("POST /build/session", { headers: { [BUILD_SESSION_HEADER]: id }, signal });
    const served = serveBuildSession(stream, offers);
    return { id, [Symbol.dispose]: () => served[Symbol.dispose]() };
  } catch (cause) {
    if (!(cause instanceof ApiError) || cause.status !== 404) throw cause;
    const message = "only a daemon of Dhow has sessions on the classic wire, as outputs, caches and agents need one, and this is none";
    throw new EngineError("not-implemented", message, { cause });
  }
}

/** Has a session last as long as what is read. */
export async function lasting<T>(session: OpenBuildSession, open: () => Promise<AsyncGenerator<T>>): Promise<AsyncGenerator<T>> {
  try {
    return until(session, await open());
  } catch (error) {
    session[Symbol.dispose]();
    throw error;
  }
}

async function* until<T>(session: OpenBuildSession, items: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* items;
  } finally {
    session[Symbol.dispose]();
  }
}
