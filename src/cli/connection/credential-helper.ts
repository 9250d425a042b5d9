import { spawn } from "node:child_process";
import { EngineError, messageOf } from "#errors/engine-error.ts";

/** What the helpers' protocol knows. */
export type HelperVerb = "get" | "store" | "erase";

const DOING: Readonly<Record<HelperVerb, string>> = { get: "getting", store: "storing", erase: "erasing" };

export interface HelperAnswer {
  readonly code: number | null;
  readonly output: string;
}

/** Runs `docker-credential-<helper> <verb>` with a text on its stdin. @throws EngineError `system` when it cannot be run. */
export function runHelper(helper: string, verb: HelperVerb, input: string): Promise<HelperAnswer> {
  return new Promise((resolve, reject) => {
    const child = spawn(`docker-credential-${helper}`, [verb], { stdio: ["pipe", "pipe", "inherit"] });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("error", (cause) => reject(new EngineError("system", `error ${DOING[verb]} credentials - ${messageOf(cause)}`, { cause })));
    child.once("close", (code) => resolve({ code, output: Buffer.concat(chunks).toString() }));
    child.stdin.on("error", () => {}); // It ended without reading: its exit code says why.
    child.stdin.end(input);
  });
}

/** @throws EngineError `system` with what it wrote. */
export function helperFailure(helper: string, verb: HelperVerb, { code, output }: HelperAnswer): EngineError {
  return new EngineError("system", `error ${DOING[verb]} credentials - docker-credential-${helper} ended with ${code}: ${output.trim()}`);
}
