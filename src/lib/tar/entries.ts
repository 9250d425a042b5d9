import { TarReader } from "./reader.ts";
import type { TarEntry, TarSink } from "./entry.ts";

/** Called for every entry; a file's bytes are to be read before it returns, and what is not read is passed over. */
export type EntryHandler = (entry: TarEntry, bytes: AsyncIterable<Uint8Array>) => Promise<void>;

type TarEvent =
  | { readonly kind: "entry"; readonly entry: TarEntry }
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "end" };

/**
 * Walks an archive that streams in. Memory: one chunk of the source.
 *
 * @throws TarError when it is no archive, or breaks off; what the handler throws.
 */
export async function forEachEntry(source: AsyncIterable<Buffer>, handle: EntryHandler): Promise<void> {
  const events = tarEvents(source);
  try {
    for (let next = await events.next(); next.done !== true; next = await events.next()) {
      if (next.value.kind !== "entry") continue;
      const { entry } = next.value;
      const body = entry.type === "file" ? fileBytes(events) : nothing();
      await handle(entry, body);
      await drain(body);
    }
  } finally {
    await events.return();
  }
}

async function* tarEvents(source: AsyncIterable<Buffer>): AsyncGenerator<TarEvent, void, undefined> {
  let events: TarEvent[] = [];
  const sink: TarSink = {
    entry: (entry) => events.push({ kind: "entry", entry }),
    data: (bytes) => events.push({ kind: "data", bytes }),
    end: () => events.push({ kind: "end" }),
  };
  const reader = new TarReader(sink);
  for await (const chunk of source) {
    reader.push(chunk);
    const found = events;
    events = [];
    yield* found;
  }
  reader.finish();
}

/** The bytes up to the end of the file; its own iterator, so that leaving it early does not end the archive. */
function fileBytes(events: AsyncIterator<TarEvent, void>): AsyncIterableIterator<Uint8Array> {
  let ended = false;
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    const event = ended ? undefined : await events.next();
    if (event === undefined || event.done === true || event.value.kind !== "data") {
      ended = true;
      return { done: true, value: undefined };
    }
    return { done: false, value: event.value.bytes };
  };
  return { next, [Symbol.asyncIterator]: () => ({ next }) as AsyncIterableIterator<Uint8Array> };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function drain(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of bytes);
}
