import { request } from "node:http";
import { TarReader } from "#lib/tar/reader.ts";
import type { TarEntry } from "#lib/tar/entry.ts";
import type { TestDaemon } from "./daemon.ts";

export interface Downloaded {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly bytes: Buffer;
}

/** A GET whose body is bytes. Rejects when the answer breaks off. */
export function download(daemon: TestDaemon, path: string): Promise<Downloaded> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: daemon.socket, path }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }));
    });
    sent.on("error", reject).end();
  });
}

export interface Unpacked extends TarEntry {
  readonly content: Buffer;
}

/** The entries of an archive, by name. */
export function entriesOf(archive: Buffer): Map<string, Unpacked> {
  const entries = new Map<string, Unpacked>();
  let pieces: Buffer[] = [];
  let current: TarEntry | undefined;
  const keep = (entry: TarEntry): void => void entries.set(entry.path, { ...entry, content: Buffer.concat(pieces) });
  const reader = new TarReader({
    entry(entry) {
      pieces = [];
      current = entry;
      if (entry.type !== "file") keep(entry);
    },
    data: (bytes) => void pieces.push(Buffer.from(bytes)),
    end() {
      if (current !== undefined) keep(current);
    },
  });
  reader.push(archive);
  reader.finish();
  return entries;
}
