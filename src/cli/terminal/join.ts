import type { RawSession } from "#client/raw-session.ts";
import { DetachFilter, parseDetachKeys } from "#spec/detach-keys.ts";
import { write, type Streams } from "../streams.ts";
import { printOutput } from "./print-output.ts";

export interface JoinOptions {
  readonly stdin: boolean;
  /** The keys by which the user leaves a terminal; undefined where they mean nothing. The daemon acts on them, this end only takes note. */
  readonly detachKeys: string | undefined;
}

/**
 * Connects the user's streams with a process'. Resolves when the process' side has ended and all of it was written; input that is still
 * open then is let go.
 *
 * @returns `left` when the user typed the detach keys: the process goes on.
 */
export async function join(streams: Streams, session: RawSession, { stdin, detachKeys }: JoinOptions): Promise<"ended" | "left"> {
  const input = stdin ? new Input(streams.input, session.stream, detachKeys) : undefined;
  try {
    await printOutput(streams, session.output());
  } finally {
    input?.stop();
    session.stream.destroy();
  }
  if (input?.left !== true) return "ended";
  // What comes next is not to stand behind the program's prompt.
  if (streams.errors.isTTY === true) await write(streams.errors, "\r\n");
  return "left";
}

/** Types what the user types. The end of input is passed on, and the other direction stays open. */
class Input {
  readonly #from: Streams["input"];
  readonly #to: RawSession["stream"];
  readonly #filter: DetachFilter | undefined;
  left = false;

  constructor(from: Streams["input"], to: RawSession["stream"], detachKeys: string | undefined) {
    this.#from = from;
    this.#to = to;
    this.#filter = detachKeys === undefined ? undefined : new DetachFilter(parseDetachKeys(detachKeys));
    from.on("data", this.#send).once("end", this.#end).on("error", this.#end);
    to.on("error", () => {}); // Reading it fails, too, and that is where it is told.
  }

  stop(): void {
    this.#from.off("data", this.#send).off("end", this.#end).off("error", this.#end);
    this.#from.pause();
  }

  readonly #send = (chunk: Uint8Array): void => {
    if (this.#filter?.push(chunk).detached === true) this.left = true;
    if (!this.#to.writable || this.#to.write(chunk)) return;
    this.#from.pause();
    this.#to.once("drain", () => this.#from.resume());
  };

  readonly #end = (): void => {
    // A terminal that is gone has nobody before it: the daemon lets go of it, and so does this end.
    this.left ||= this.#filter !== undefined;
    this.#to.end();
  };
}
