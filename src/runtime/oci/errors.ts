import { EngineError } from "#errors/engine-error.ts";

/**
 * What a runtime says when it fails, in Docker's words. The docker CLI chooses its exit code by parts of the text (127 for
 * "executable file not found" and "no such file or directory", 126 for "permission denied"), and dockerd its status and the
 * container's exit code likewise; runc's wording is the one that they know.
 */

/** What the runtime was asked to run: crun does not repeat it everywhere. */
export interface Attempt {
  /** `crun`, `runc`, …, for the text. */
  readonly runtime: string;
  readonly executable: string;
}

export function createError(attempt: Attempt, said: string): EngineError {
  const words = inDockersWords(attempt, said);
  const full = words.startsWith(`${attempt.runtime} create failed`) ? words : `${attempt.runtime} create failed: ${STARTING}${words}`;
  return engineError(`failed to create task for container: failed to create shim task: OCI runtime create failed: ${full}: unknown`);
}

export function startError(attempt: Attempt, said: string): EngineError {
  return engineError(`failed to start task: OCI runtime start failed: ${inDockersWords(attempt, said)}: unknown`);
}

export function execError(attempt: Attempt, said: string): EngineError {
  const words = inDockersWords(attempt, said);
  return engineError(`OCI runtime exec failed: ${words.startsWith("exec failed") ? words : `exec failed: ${STARTING}${words}`}: unknown`);
}

const STARTING = "unable to start container process: ";
/** A runtime that says more is cut. */
const LONGEST_TEXT = 2000;

/** Text to code, in dockerd's order. */
const CODES: readonly (readonly [RegExp, string])[] = [
  [/executable file not found|no such file or directory/i, "not-found-executable"],
  [/permission denied|not a directory|is a directory/i, "not-executable"],
];

function engineError(message: string): EngineError {
  const code = CODES.find(([pattern]) => pattern.test(message))?.[1];
  if (code === undefined) return new EngineError("system", message);
  return new EngineError("invalid", message + mountHint(message), { code });
}

/** dockerd's own hint, for a folder mounted on a file and the other way round. */
function mountHint(message: string): string {
  if (!/mount.*not a directory/i.test(message)) return "";
  return ": Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type";
}

function inDockersWords(attempt: Attempt, said: string): string {
  const text = lastWords(said);
  for (const [pattern, translate] of CRUN_TEXTS) {
    const match = pattern.exec(text);
    if (match !== null) return translate(attempt, match);
  }
  return lowerReason(text);
}

/** crun's texts, as of 1.8. */
const CRUN_TEXTS: readonly (readonly [RegExp, (attempt: Attempt, match: RegExpExecArray) => string])[] = [
  [/^executable file `(.*)` not found in \$PATH/, (_, match) => missing(match[1] ?? "")],
  [/^open executable: (.+)$/, ({ executable }, match) => notExecutable(executable, match[1] ?? "")],
  [/^chdir `(.*)`: (.+)$/, (_, match) => `chdir to cwd (${quote(match[1])}) set in config.json failed: ${lowerReason(match[2] ?? "")}`],
];

function missing(executable: string): string {
  if (!executable.includes("/")) return `exec: ${quote(executable)}: executable file not found in $PATH`;
  return `exec: ${quote(executable)}: stat ${executable}: no such file or directory`;
}

function notExecutable(executable: string, reason: string): string {
  if (executable === "") return missing(executable);
  if (reason === "Not a directory") return `exec: ${quote(executable)}: stat ${executable}: not a directory`;
  // crun says "Operation not permitted" of a folder, where runc says what execve would.
  return `exec: ${quote(executable)}: permission denied`;
}

/**
 * runc's log line holds the message as a Go string; crun writes it as it is, on a terminal with the time before it and in colour. The
 * last line that says anything counts, conmon's own aside.
 */
function lastWords(said: string): string {
  const lines = said
    .split("\n")
    .map((line) => line.replaceAll(COLOUR, "").replace(CRUN_TIME, "").trim())
    .filter((line) => !line.startsWith("[conmon:"));
  const logged = lines.flatMap((line) => /level=(?:error|fatal) msg=("(?:[^"\\]|\\.)*")/.exec(line)?.[1] ?? []);
  const text = logged.length > 0 ? unquote(logged.at(-1) ?? "") : lines.findLast((line) => line !== "");
  return (text ?? "no reason was given").slice(0, LONGEST_TEXT);
}

// oxlint-disable-next-line no-control-regex -- that is what colours are made of
const COLOUR = /\u001b\[[0-9;]*m/g;
const CRUN_TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z: /;

function unquote(goString: string): string {
  try {
    return JSON.parse(goString) as string;
  } catch {
    return goString.slice(1, -1);
  }
}

/** C spells the reason of an error with a capital, Go without. */
function lowerReason(text: string): string {
  return text.replace(/(^|: )([A-Z])([a-z' ]+)$/, (_, before: string, first: string, rest: string) => before + first.toLowerCase() + rest);
}

function quote(text: string | undefined): string {
  return JSON.stringify(text ?? "");
}
