import { closeSync, openSync } from "node:fs";
import { libnftables } from "./libnftables.ts";

/** A script that the kernel or the parser refused; nothing of it was done. The message is libnftables' own. */
export class NftError extends Error {
  override readonly name = "NftError";
}

const OUTPUT_HANDLE = 1 << 3;
const OUTPUT_JSON = 1 << 4;
/** Listings leave the elements of sets out: they can be many, and nobody asks for them. */
const OUTPUT_TERSE = 1 << 11;

/** It waits with select(2), which ends the process at a higher one. */
const HIGHEST_FOR_SELECT = 1023;
/** Other threads open some at the same time. */
const SPARE = 32;

/**
 * The kernel's packet filter by libnftables: no process, 0.3 to 1 ms for a script that adds an element, a few milliseconds for a
 * whole table. A context belongs to the network namespace that its thread was in when it was made, and to one thread at a time.
 */
export class Nftables implements Disposable {
  readonly #context: unknown;

  private constructor(context: unknown) {
    this.#context = context;
  }

  /** @throws Error when libnftables is not installed, or too many descriptors are open for it. */
  static open(): Nftables {
    if (lowestFreeDescriptor() > HIGHEST_FOR_SELECT - SPARE) throw new Error("too many files are open for libnftables to open its own");
    const library = libnftables();
    const context = library.newContext(0);
    library.bufferOutput(context);
    library.bufferError(context);
    return new Nftables(context);
  }

  /** Runs a script in nft's language as one transaction: all of it, or nothing. @throws NftError */
  apply(script: string): void {
    this.#run(script, 0);
  }

  /** Runs one `list …` command and gives its `nftables` array, with handles. @throws NftError */
  list(command: string): unknown[] {
    const parsed = JSON.parse(this.#run(command, OUTPUT_JSON | OUTPUT_HANDLE | OUTPUT_TERSE)) as { nftables?: unknown[] };
    return parsed.nftables ?? [];
  }

  [Symbol.dispose](): void {
    libnftables().freeContext(this.#context);
  }

  #run(commands: string, flags: number): string {
    const library = libnftables();
    library.setOutputFlags(this.#context, flags);
    const failed = library.run(this.#context, commands) !== 0;
    const error = library.error(this.#context);
    const output = library.output(this.#context);
    if (failed) throw new NftError(`nftables: ${firstLines(error)}`);
    return output;
  }
}

function lowestFreeDescriptor(): number {
  const descriptor = openSync("/dev/null", "r");
  closeSync(descriptor);
  return descriptor;
}

/** The error names the offending text below itself; a long script would be quoted whole. */
function firstLines(text: string): string {
  return text.trim().split("\n").slice(0, 2).join(" ").slice(0, 500);
}
