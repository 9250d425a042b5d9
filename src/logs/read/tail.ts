import type { LogQuery, LogRecord } from "../contract.ts";
import { LONGEST_RECORD } from "./line-joiner.ts";
import { type BackwardLine, linesBackwards } from "./lines-backwards.ts";
import type { Segment } from "./segments.ts";

/** Where to begin, and how many records to leave out from there, so that the last ones remain that were asked for. */
export interface TailStart {
  readonly segment: number;
  readonly offset: number;
  readonly skip: number;
}

/** Finds the last `count` records of the streams that are wanted, by reading from the end. */
export async function findTail(
  segments: readonly Segment[],
  count: number,
  wanted: Pick<LogQuery, "stdout" | "stderr">,
): Promise<TailStart> {
  const walk = new TailWalk(count);
  for await (const lines of linesBackwards(segments)) {
    for (const line of lines) {
      const start = wanted[line.stream] ? walk.pass(line) : undefined;
      if (start !== undefined) return start;
    }
  }
  return walk.atBeginning();
}

type Stream = LogRecord["stream"];

/** The end that is one too many. */
interface FoundEnd {
  readonly start: TailStart;
  readonly stream: Stream;
}

/**
 * A record ends with a whole line, or with the log. When one more end than asked for comes in sight, what lies behind is the answer, but for one thing: a
 * long line of the other stream may have begun before and go on behind. Then the beginning is moved ahead of that, and the records that end in between
 * are left out.
 */
class TailWalk {
  readonly #count: number;
  readonly #seen = new Set<Stream>();
  #ends = 0;
  #found: FoundEnd | undefined;
  #straddled = false;
  #skip = 0;

  constructor(count: number) {
    this.#count = count;
  }

  /** Takes the next line, going back. Returns the beginning when it is certain. */
  pass(line: BackwardLine): TailStart | undefined {
    return this.#found === undefined ? this.#countEnd(line) : this.#lookBehind(line, this.#found);
  }

  /** There are no more lines. */
  atBeginning(): TailStart {
    if (this.#found !== undefined && !this.#straddled) return this.#found.start;
    return { segment: 0, offset: 0, skip: this.#skip };
  }

  #countEnd(line: BackwardLine): TailStart | undefined {
    const isEnd = !line.partial || !this.#seen.has(line.stream);
    if (!isEnd || this.#ends < this.#count) {
      this.#seen.add(line.stream);
      this.#ends += isEnd ? 1 : 0;
      return undefined;
    }
    const start = startAfter(line, 0);
    this.#seen.delete(line.stream);
    if (this.#seen.size === 0) return start;
    this.#found = { start, stream: line.stream };
    this.#skip = 1;
    return undefined;
  }

  #lookBehind(line: BackwardLine, { start, stream }: FoundEnd): TailStart | undefined {
    if (line.segment === start.segment && start.offset - line.end > 2 * LONGEST_RECORD) return start;
    if (line.stream === stream) this.#skip += line.partial ? 0 : 1;
    else if (line.partial) this.#straddled = true;
    else return this.#straddled ? startAfter(line, this.#skip) : start;
    return undefined;
  }
}

function startAfter({ segment, end }: BackwardLine, skip: number): TailStart {
  return { segment, offset: end, skip };
}
