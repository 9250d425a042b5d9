import type { BytePath } from "../byte-path.ts";
import type { FileTime } from "../file-time.ts";

export type EntryType = "file" | "folder" | "symlink" | "hardlink" | "char" | "block" | "fifo";

/** One entry of an archive, with its extended headers applied and nothing judged yet: paths are as the archive has them. */
export interface TarEntry {
  readonly type: EntryType;
  readonly path: BytePath;
  /** Of a symlink or a hard link. */
  readonly target: BytePath;
  /** Twelve bits, with setuid, setgid and sticky. */
  readonly mode: number;
  readonly user: number;
  readonly group: number;
  /** Bytes that follow; 0 for all but files. */
  readonly size: number;
  readonly modified: FileTime;
  readonly major: number;
  readonly minor: number;
  /** By name; values are bytes, one character each. */
  readonly xattrs: ReadonlyMap<string, string>;
}

/** Takes an archive apart as it comes in. All calls are synchronous; a thrown error ends the reading. */
export interface TarSink {
  /** A file is followed by its `data` and `end`; every other entry stands alone. */
  entry(entry: TarEntry): void;
  /** A view into the reader's buffer: valid during the call. */
  data(bytes: Uint8Array): void;
  end(): void;
}

/** The archive breaks the format, or uses a part of it that is refused. */
export class TarError extends Error {
  override readonly name = "TarError";
}
