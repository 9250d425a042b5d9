import type { Digest } from "#spec/digest.ts";

/** What volumes need of images: their content, to be mounted as it is. `daemon/wire/` hands it over. */
export interface ImageRoots {
  /** @throws EngineError `not-found`. */
  resolve(reference: string): Promise<{ readonly id: string; readonly topLayer: Digest | undefined }>;
  /** Keeps the image's layers for as long as `name` stands. */
  reserve(name: string, topLayer: Digest | undefined): Promise<void>;
  /** Has its root mounted while `use` goes on. */
  withRoot<T>(name: string, use: (root: string) => T): Promise<T>;
  /** Missing is no error. */
  release(name: string): Promise<void>;
  /** Names that stand. */
  reserved(): readonly string[];
}
