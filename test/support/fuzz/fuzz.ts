import { request, type IncomingMessage } from "node:http";
import type { Operation, Specification } from "../specification.ts";
import { deviations } from "./conforms.ts";
import { Generator, type FuzzRequest, type Known } from "./generate.ts";
import { Random } from "./random.ts";

export interface FuzzOptions {
  readonly socket: string;
  readonly specification: Specification;
  readonly seed: number;
  /** The run ends with the first of the two. */
  readonly requests: number;
  readonly milliseconds: number;
}

export interface FuzzReport {
  readonly requests: number;
  /** How often each status came. */
  readonly statuses: Readonly<Record<string, number>>;
  /** What must not be: a request that was not answered, an error of the engine that is not declared, an answer of another shape. */
  readonly findings: readonly string[];
}

/** Asked for nothing that reaches out of this host, or takes as long as it likes. */
const NOUNS = /^\/(containers|exec|networks|volumes|images|system|info|version|_ping|events)\b/;
const LEFT_OUT = new Set([
  "POST /images/create",
  "GET /images/search",
  "POST /images/{name}/push",
  "GET /images/get",
  "GET /images/{name}/get",
  "DELETE /images/{name}",
  "POST /images/prune",
  "POST /images/load",
]);
const AT_ONCE = 8;
const MOST_CONTAINERS = 40;
const HANGS_AFTER_MS = 30_000;
/** A stream is listened to for so long. */
const LISTEN_MS = 150;
/** Docker's own for what is not there, and what is not at hand. */
const DECLARED = new Set([501, 503]);

/** Asks an engine random questions, and says what it should not have answered. For tests, and for hours (`npm run test:soak`). */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { specification, seed } = options;
  const known: Known = { containers: [], networks: [], volumes: [], execs: [] };
  const random = new Random(seed);
  const generator = new Generator(specification, random, known);
  const operations = specification.operations.filter(isAsked);
  const statuses: Record<string, number> = {};
  const findings: string[] = [];
  const end = performance.now() + options.milliseconds;
  let asked = 0;
  const ask = async (): Promise<void> => {
    while (asked < options.requests && performance.now() < end && findings.length < 100) {
      asked += 1;
      // Containers are what most of the API is about.
      const operation = random.chance(0.15) ? operations.find(({ path }) => path === "/containers/create") : random.pick(operations);
      if (operation === undefined) return;
      const question = generator.request(operation);
      const answer = await send(options.socket, question);
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      findings.push(...judge(specification, question, answer));
      await remember(options.socket, question, answer, known);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return { requests: asked, statuses, findings };
}

function isAsked({ method, path }: Operation): boolean {
  return NOUNS.test(path) && !LEFT_OUT.has(`${method} ${path}`) && !path.endsWith("/checkpoints");
}

interface FuzzAnswer {
  /** 0: none came. */
  readonly status: number;
  readonly type: string;
  readonly text: string;
  /** False: it went on, and nobody listened any more. */
  readonly whole: boolean;
}

function send(socketPath: string, { method, path, body, type }: FuzzRequest): Promise<FuzzAnswer> {
  return new Promise((resolve) => {
    const none = (text: string): void => resolve({ status: 0, type: "", text, whole: true });
    const headers = body === undefined ? {} : { "content-type": type, "content-length": body.length };
    const sent = request({ socketPath, method, path, headers, timeout: HANGS_AFTER_MS }, (response) => read(response, resolve));
    sent.once("timeout", () => {
      none(`no answer in ${HANGS_AFTER_MS} ms`);
      sent.destroy();
    });
    sent.once("error", (error) => none(error.message));
    sent.end(body);
  });
}

function read(response: IncomingMessage, resolve: (answer: FuzzAnswer) => void): void {
  const chunks: Buffer[] = [];
  const done = (whole: boolean): void => {
    clearTimeout(timer);
    resolve({
      status: response.statusCode ?? 0,
      type: response.headers["content-type"] ?? "",
      text: Buffer.concat(chunks).toString(),
      whole,
    });
    response.destroy();
  };
  const timer = setTimeout(() => done(false), LISTEN_MS);
  response.on("data", (chunk: Buffer) => chunks.push(chunk));
  response.once("end", () => done(true));
  response.once("error", () => done(false));
}

function judge(specification: Specification, { operation, method, path, body }: FuzzRequest, answer: FuzzAnswer): string[] {
  const question = `${method} ${path.slice(0, 300)} ${body?.toString().slice(0, 1500) ?? ""}`;
  const said = answer.text.slice(0, 300);
  if (answer.status === 0) return [`not answered: ${question}: ${said}`];
  if (answer.status >= 500 && !DECLARED.has(answer.status)) return [`${answer.status}: ${question}: ${said}`];
  if (answer.status >= 400 && method !== "HEAD" && !/^\/v1\.2[0-3]\b/.test(path) && !hasMessage(answer))
    return [`an error without a message: ${question}: ${said}`];
  // Older versions have shapes of their own.
  const schema = operation.answers[String(answer.status)];
  if (
    schema === undefined ||
    method === "HEAD" ||
    !answer.whole ||
    !answer.type.startsWith("application/json") ||
    path.startsWith("/v") ||
    operation.path === "/events"
  )
    return [];
  try {
    return deviations(specification, schema, JSON.parse(answer.text)).map((line) => `${operation.method} ${operation.path}: ${line}`);
  } catch {
    return operation.path.endsWith("/stats") ? [] : [`no JSON: ${question}: ${said}`];
  }
}

function hasMessage({ text, type }: FuzzAnswer): boolean {
  return /"message":\s*".+"/s.test(text) || type.startsWith("text/plain");
}

async function remember(
  socket: string,
  { operation: { method, path } }: FuzzRequest,
  { status, text, whole }: FuzzAnswer,
  known: Known,
): Promise<void> {
  if (method !== "POST" || status !== 201 || !whole || text === "") return;
  const { Id = "", Name = "" } = JSON.parse(text) as { Id?: string; Name?: string };
  if (path === "/containers/create") known.containers.push(Id);
  if (path === "/networks/create") known.networks.push(Id);
  if (path === "/volumes/create") known.volumes.push(Name);
  if (path.endsWith("/exec")) known.execs.push(Id);
  if (known.execs.length > MOST_CONTAINERS) known.execs.shift();
  const old = known.containers.length > MOST_CONTAINERS ? known.containers.shift() : undefined;
  const operation = { method: "DELETE", path: "", query: [], body: undefined, answers: {}, produces: [] };
  if (old !== undefined)
    await send(socket, { operation, method: "DELETE", path: `/containers/${old}?force=1&v=1`, body: undefined, type: "" });
}
