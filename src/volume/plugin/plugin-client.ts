import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { HttpClient, type ClientTarget } from "#http/client.ts";
import type { FoundPlugin, PluginAddress } from "./discover.ts";

const CONTENT_TYPE = "application/vnd.docker.plugins.v1.1+json";
/** What an honest answer takes is a few hundred bytes; a list of ten thousand volumes is a megabyte or two. */
const LARGEST_ANSWER = 8 * 1024 * 1024;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** How long a plugin may take, ms. */
export interface PluginPatience {
  /** For questions. */
  readonly ask: number;
  /** For what may have to reach another host, or format something. */
  readonly work: number;
  /** A plugin that is just being started: between tries to reach it, and how often. */
  readonly retryAfter: number;
  readonly retries: number;
}

export const PATIENCE: PluginPatience = { ask: 10_000, work: 120_000, retryAfter: 200, retries: 4 };

/** Speaks Docker's plugin protocol with one plugin: JSON by POST, an error in a field `Err`. */
export class PluginClient implements Disposable {
  readonly name: string;
  readonly #http: HttpClient;
  readonly #patience: PluginPatience;

  private constructor(name: string, http: HttpClient, patience: PluginPatience) {
    this.name = name;
    this.#http = http;
    this.#patience = patience;
  }

  /** @throws Error when files of its TLS cannot be read. */
  static async open({ name, address }: FoundPlugin, patience: PluginPatience): Promise<PluginClient> {
    return new PluginClient(name, new HttpClient(await targetOf(address)), patience);
  }

  /**
   * What the plugin implements: `VolumeDriver` among others.
   *
   * @throws EngineError `unavailable`.
   */
  async activate(): Promise<readonly string[]> {
    const answer = await this.#call("Plugin.Activate", {}, this.#patience.ask);
    const implemented = answer["Implements"];
    if (!Array.isArray(implemented)) throw this.#garbage("Plugin.Activate", "it does not say what it implements");
    return implemented.filter((entry) => typeof entry === "string");
  }

  /**
   * @param kind how long it may take.
   * @throws EngineError `unavailable` for a plugin that is not there, too slow or makes no sense; `system` with code `plugin-said-no` and its words for
   *   what it refuses.
   */
  async call(method: string, body: object, kind: "ask" | "work"): Promise<Record<string, unknown>> {
    return await this.#call(`VolumeDriver.${method}`, body, this.#patience[kind]);
  }

  [Symbol.dispose](): void {
    this.#http.close();
  }

  async #call(method: string, body: object, patience: number): Promise<Record<string, unknown>> {
    const text = await this.#exchange(method, JSON.stringify(body), patience);
    const answer = this.#parse(method, text);
    const { Err } = answer;
    if (typeof Err === "string" && Err !== "") {
      throw new EngineError("system", `VolumeDriver.${method.split(".")[1] ?? ""}: ${printable(Err)}`, { code: "plugin-said-no" });
    }
    return answer;
  }

  async #exchange(method: string, body: string, patience: number): Promise<string> {
    const signal = AbortSignal.timeout(patience);
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#send(method, body, signal);
      } catch (error) {
        if (signal.aborted) throw this.#unavailable(method, `no answer within ${patience / 1000} s`, error);
        if (!isNotThereYet(error) || attempt >= this.#patience.retries) throw this.#unavailable(method, messageOf(error), error);
        await delay(this.#patience.retryAfter);
      }
    }
  }

  async #send(method: string, body: string, signal: AbortSignal): Promise<string> {
    const headers = { Accept: CONTENT_TYPE, "Content-Type": CONTENT_TYPE };
    const { status, body: answer } = await this.#http.request({ method: "POST", path: `/${method}`, headers, body, signal });
    const text = await readBounded(answer);
    // A plugin of the first days answers an error with 500 and the same JSON.
    if (status !== 200 && !text.trimStart().startsWith("{")) throw new Error(`status ${status}: ${printable(text)}`);
    return text;
  }

  #parse(method: string, text: string): Record<string, unknown> {
    try {
      const answer: unknown = JSON.parse(text);
      if (typeof answer === "object" && answer !== null && !Array.isArray(answer)) return answer as Record<string, unknown>;
    } catch (cause) {
      throw this.#garbage(method, "it is no JSON", cause);
    }
    throw this.#garbage(method, "it is no object");
  }

  #unavailable(method: string, reason: string, cause: unknown): EngineError {
    return new EngineError("unavailable", `volume plugin "${this.name}" cannot be asked (${method}): ${reason}`, { cause });
  }

  #garbage(method: string, reason: string, cause?: unknown): EngineError {
    return new EngineError("unavailable", `volume plugin "${this.name}" gave an answer to ${method} that makes no sense: ${reason}`, {
      cause,
    });
  }
}

async function targetOf(address: PluginAddress): Promise<ClientTarget> {
  if (address.kind !== "tls") return address;
  const { host, port, tls } = address;
  const [ca, cert, key] = await Promise.all([tls.ca, tls.cert, tls.key].map(readGiven));
  return { kind: "tls", host, port, identity: { ca, cert, key, rejectUnauthorized: !tls.insecure } };
}

async function readGiven(path: string | undefined): Promise<string | undefined> {
  return path === undefined ? undefined : await readFile(path, "utf8");
}

async function readBounded(body: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  let total = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    total += piece.length;
    if (total > LARGEST_ANSWER) throw new Error(`its answer is larger than ${LARGEST_ANSWER} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, total).toString("utf8");
}

/** Nothing was heard by anybody, so that it may be said again. */
function isNotThereYet(error: unknown): boolean {
  return ["ECONNREFUSED", "ENOENT"].includes(String((error as NodeJS.ErrnoException).code));
}

/** A plugin's words are shown to users: nothing in them moves a cursor. */
function printable(text: string): string {
  return text
    .slice(0, 1000)
    .replace(/\p{Cc}+/gu, " ")
    .trim();
}
