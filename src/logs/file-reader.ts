import { ChangeSignal } from "./change-signal.ts";
import type { LogQuery, LogReader, LogRecord } from "./contract.ts";
import { ForwardReader } from "./forward-reader.ts";
import { LineJoiner } from "./line-joiner.ts";
import { RecordFilter } from "./record-filter.ts";
import { openSegments } from "./segments.ts";
import { findTail } from "./tail.ts";

/** Reads the log files that monitors write. A log that does not exist is an empty one. */
export class FileLogReader implements LogReader {
  read(path: string, query: LogQuery, signal: AbortSignal): AsyncIterable<readonly LogRecord[]> {
    return readLog(path, query, signal);
  }
}

async function* readLog(path: string, query: LogQuery, signal: AbortSignal): AsyncGenerator<readonly LogRecord[], void, undefined> {
  // Before the first look, so that no change falls in between.
  using changes = query.follow === undefined ? undefined : new ChangeSignal(path);
  const { reader, skip } = await openAt(path, query);
  await using forward = reader;
  const joiner = new LineJoiner();
  const filter = new RecordFilter(query, skip);
  for await (const lines of batches(forward, changes, query.follow, signal)) {
    const records = filter.select(joiner.push(lines));
    if (records.length > 0) yield records;
    if (filter.done) return;
  }
  const rest = filter.select(joiner.flush());
  if (rest.length > 0 && !signal.aborted) yield rest;
}

async function openAt(path: string, query: LogQuery): Promise<{ reader: ForwardReader; skip: number }> {
  const segments = await openSegments(path);
  const start = query.tail === undefined ? { segment: 0, offset: 0, skip: 0 } : await findTail(segments, query.tail, query);
  return { reader: new ForwardReader(path, segments, start), skip: start.skip };
}

type Batch = NonNullable<Awaited<ReturnType<ForwardReader["next"]>>>;

/** Everything up to the end; with `changes`, goes on as more is written until `ended` has resolved and the rest is read. */
async function* batches(
  reader: ForwardReader,
  changes: ChangeSignal | undefined,
  ended: Promise<unknown> | undefined,
  signal: AbortSignal,
): AsyncGenerator<Batch, void, undefined> {
  let over = changes === undefined;
  const finish = (): void => {
    over = true;
    changes?.raise();
  };
  ended?.then(finish, finish);
  signal.addEventListener("abort", finish);
  try {
    while (!signal.aborted) {
      const last = over;
      yield* readAll(reader, signal);
      if (last) return;
      await changes?.next();
    }
  } finally {
    signal.removeEventListener("abort", finish);
  }
}

async function* readAll(reader: ForwardReader, signal: AbortSignal): AsyncGenerator<Batch, void, undefined> {
  for (let lines = await reader.next(); lines !== undefined && !signal.aborted; lines = await reader.next()) yield lines;
}
