import type { LogRecord } from "../contract.ts";
import type { CriLine } from "./cri-lines.ts";

/** A line of the container that is longer is handed out in pieces of about this size. */
export const LONGEST_RECORD = 1024 * 1024;

interface Pending {
  readonly timeNano: bigint;
  readonly parts: Uint8Array[];
  length: number;
}

/** Puts the parts of long lines together again; the streams' parts may come mixed. A record has the time of its first part. */
export class LineJoiner {
  readonly #pending = new Map<LogRecord["stream"], Pending>();

  /** No line has begun that has no end yet. */
  get empty(): boolean {
    return this.#pending.size === 0;
  }

  /** Returns the records that the lines complete. */
  push(lines: readonly CriLine[]): readonly LogRecord[] {
    if (this.#pending.size === 0 && !lines.some(({ partial }) => partial)) return lines;
    return lines.flatMap((line) => this.#add(line) ?? []);
  }

  /** What has begun and has no end. */
  flush(): LogRecord[] {
    const records = [...this.#pending].map(([stream, pending]) => recordOf(stream, pending));
    this.#pending.clear();
    return records.toSorted((a, b) => (a.timeNano < b.timeNano ? -1 : 1));
  }

  #add(line: CriLine): LogRecord | undefined {
    const { stream } = line;
    const pending = this.#pending.get(stream);
    if (pending === undefined && !line.partial) return line;
    const grown = pending ?? { timeNano: line.timeNano, parts: [], length: 0 };
    grown.parts.push(line.data);
    grown.length += line.data.length;
    if (line.partial && grown.length < LONGEST_RECORD) {
      this.#pending.set(stream, grown);
      return undefined;
    }
    this.#pending.delete(stream);
    return recordOf(stream, grown);
  }
}

function recordOf(stream: LogRecord["stream"], { timeNano, parts, length }: Pending): LogRecord {
  return { stream, timeNano, data: Buffer.concat(parts, length) };
}
