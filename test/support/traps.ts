import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, TestDaemon, type Answer } from "./daemon.ts";

/**
 * One line of an acceptance table: a request, and what has to come back. Lines of one table run in order against one engine, so that
 * a line may use what those before it made.
 */
export interface Trap {
  /** `POST /containers/create?name=web`. `{web}` stands for the id that `keep: "web"` kept. */
  readonly ask: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly status: number;
  /** Part of the JSON; a text that the answer has in it; or a pattern. */
  readonly gives?: object | string | RegExp;
  /** The whole answer. */
  readonly is?: string;
  /** Words that the answer must not have in it. */
  readonly without?: readonly string[];
  /** Parts of the answer's headers. */
  readonly answers?: Record<string, string | RegExp>;
  /** Keeps the `Id` of the answer. */
  readonly keep?: string;
  /** Which trap it is, with where it is known from. Lines without only lay the ground. */
  readonly trap?: string;
  /** Why dockerd 28.5 answers something else: the line is left out where the table runs against Docker. */
  readonly differs?: string;
}

/**
 * `DHOW_TRAPS_SOCKET=/path/to/docker.sock` runs the tables against another engine, to see what Docker does:
 *
 *     DHOW_TRAPS_SOCKET=… scripts/with-node node_modules/vitest/vitest.mjs run --project integration test/integration/api/traps
 */
const peerSocket = process.env["DHOW_TRAPS_SOCKET"];

interface Engine {
  readonly socket: string;
  start(): Promise<void>;
  close(): Promise<void>;
}

export function traps(noun: string, images: readonly (() => Buffer)[], lines: readonly Trap[]): void {
  describe(`${noun}${peerSocket === undefined ? "" : `, by the engine at ${peerSocket}`}`, () => {
    const made: string[] = [];
    const engine = peerSocket === undefined ? new TestDaemon() : peer(peerSocket, made);
    const kept = new Map<string, string>();

    beforeAll(async () => {
      await engine.start();
      for (const image of images) expect(await ask(engine.socket, "POST", "/images/load", image())).toMatchObject({ status: 200 });
    });
    afterAll(async () => await engine.close());

    for (const line of lines) {
      it.skipIf(peerSocket !== undefined && line.differs !== undefined)(
        `${line.ask} → ${line.status}: ${line.trap ?? "(ground)"}`,
        async () => {
          const [method = "", path = ""] = filled(line.ask, kept).split(" ", 2);
          const answer = await ask(engine.socket, method, path, filledBody(line.body, kept), line.headers);
          remember(answer, path, made, line.keep, kept);
          expect(`${answer.status} ${answer.text}`).toMatch(new RegExp(`^${line.status} `));
          check(answer, line, kept);
        },
      );
    }
  });
}

/** The other engine is left as it was: all that the table made there is removed. */
function peer(socket: string, made: readonly string[]): Engine {
  return {
    socket,
    start: () => Promise.resolve(),
    async close() {
      for (const path of made.toReversed()) await ask(socket, "DELETE", path);
    },
  };
}

function remember(answer: Answer, path: string, made: string[], keep: string | undefined, kept: Map<string, string>): void {
  if (answer.status !== 201) return;
  const [, noun = ""] = /^(?:\/v[\d.]+)?\/(containers|networks|volumes)\/create/.exec(path) ?? [];
  const name: unknown = noun === "volumes" ? answer.json?.Name : answer.json?.Id;
  if (typeof name !== "string") return;
  if (noun !== "") made.push(`/${noun}/${name}?force=1&v=1`);
  if (keep !== undefined) kept.set(keep, name);
}

function filled(text: string, kept: ReadonlyMap<string, string>): string {
  return text.replace(
    /\{(\w+)(?::(\d+))?\}/g,
    (whole, name: string, length?: string) => kept.get(name)?.slice(0, Number(length ?? 64)) ?? whole,
  );
}

function filledBody(body: unknown, kept: ReadonlyMap<string, string>): unknown {
  if (body === undefined || body instanceof Uint8Array) return body;
  return JSON.parse(filled(JSON.stringify(body), kept)) as unknown;
}

function check(answer: Answer, { gives, is, without = [], answers = {} }: Trap, kept: ReadonlyMap<string, string>): void {
  if (is !== undefined) expect(answer.text).toBe(is);
  if (typeof gives === "string") expect(answer.json?.message ?? answer.text).toContain(filled(gives, kept));
  else if (gives instanceof RegExp) expect(answer.text).toMatch(gives);
  else if (gives !== undefined) expect(answer.json).toMatchObject(gives);
  for (const word of without) expect(answer.text).not.toContain(word);
  for (const [name, value] of Object.entries(answers)) expect(answer.headers[name]).toMatch(value);
}

/** One frame of a stream without a terminal, as text. */
export function frame(stream: 1 | 2, text: string): string {
  return `${String.fromCodePoint(stream)}${"\0".repeat(6)}${String.fromCodePoint(text.length)}${text}`;
}
