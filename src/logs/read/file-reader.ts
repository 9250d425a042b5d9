import { ChangeSignal } from "./change-signal.ts";
import type { LogFormat, LogQuery, LogReader, LogRecord } from "../contract.ts";
import { ForwardReader, type RawBlock } from "./forward-reader.ts";
import { LogEncoder } from "./log-encoder.ts";
import { RecordPipe } from "./record-pipe.ts";
import { openSegments } from "./segments.ts";
import { findTail } from "./tail.ts";

/** Reads the logs that monitors write. A log that does not exist is an empty one. */
export class FileLogReader implements LogReader {
  read(folder: string, query: LogQuery, signal: AbortSignal): AsyncIterable<readonly LogRecord[]> {
    return readLog(folder, query, signal);
  }

  stream(folder: string, query: LogQuery, format: LogFormat, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return streamLog(folder, query, format, signal);
  }
}

async function* readLog(folder: string, query: LogQuery, signal: AbortSignal): AsyncGenerator<readonly LogRecord[], void, undefined> {
  // Before the first look, so that no change falls in between.
  using changes = query.follow === undefined ? undefined : new ChangeSignal(folder);
  const { reader, skip } = await openAt(folder, query, changes);
  await using forward = reader;
  const pipe = new RecordPipe(query, skip);
  for await (const block of blocks(forward, changes, query.follow, signal)) {
    const records = pipe.push(block);
    if (records.length > 0) yield records;
    if (pipe.done) return;
  }
  const rest = pipe.flush();
  if (rest.length > 0 && !signal.aborted) yield rest;
}

async function* streamLog(
  folder: string,
  query: LogQuery,
  format: LogFormat,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  using changes = query.follow === undefined ? undefined : new ChangeSignal(folder);
  const { reader, skip } = await openAt(folder, query, changes);
  await using forward = reader;
  const encoder = new LogEncoder(query, format, skip);
  for await (const block of blocks(forward, changes, query.follow, signal)) {
    yield* encoder.push(block).filter((piece) => piece.length > 0);
    if (encoder.done) return;
  }
  const rest = encoder.flush();
  if (rest.length > 0 && !signal.aborted) yield rest;
}

async function openAt(
  folder: string,
  query: LogQuery,
  changes: ChangeSignal | undefined,
): Promise<{ reader: ForwardReader; skip: number }> {
  const segments = await openSegments(folder);
  try {
    const start = query.tail === undefined ? { segment: 0, offset: 0, skip: 0 } : await findTail(segments, query.tail, query);
    return { reader: new ForwardReader(folder, segments, start, changes), skip: start.skip };
  } catch (error) {
    for (const segment of segments) await segment[Symbol.asyncDispose]();
    throw error;
  }
}

/** Everything up to the end; with `changes`, goes on as more is written until `ended` has resolved and the rest is read. */
async function* blocks(
  reader: ForwardReader,
  changes: ChangeSignal | undefined,
  ended: Promise<unknown> | undefined,
  signal: AbortSignal,
): AsyncGenerator<RawBlock, void, undefined> {
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

async function* readAll(reader: ForwardReader, signal: AbortSignal): AsyncGenerator<RawBlock, void, undefined> {
  for (let block = await reader.next(); block !== undefined && !signal.aborted; block = await reader.next()) yield block;
}
