import path from "node:path/posix";
import { EngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import { shownPath } from "#lib/byte-path.ts";
import type { TarEntry } from "#lib/tar/entry.ts";
import { compressionOf, LONGEST_MAGIC, type Compression } from "#store/unpack/compression.ts";

/** What lies in an image archive: small documents in memory, everything else as blobs. No name in it ever becomes a path of the host. */
export type Member =
  | { readonly kind: "document"; readonly bytes: Buffer }
  | { readonly kind: "blob"; readonly digest: Digest; readonly size: number; readonly compression: Compression }
  | { readonly kind: "link"; readonly target: string };

const LONGEST_LINK_CHAIN = 16;

/** An archive's members by name. Links are followed in the names alone. */
export class Members {
  readonly #members = new Map<string, Member>();

  get size(): number {
    return this.#members.size;
  }

  /** A name that comes twice means the later, as when it is unpacked. */
  set(name: string, member: Member): void {
    this.#members.set(name, member);
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  /** @throws EngineError `invalid` when there is none of that name, or it leads out of the archive. */
  get(name: string): Exclude<Member, { kind: "link" }> {
    let at = memberName(name);
    for (let steps = 0; steps < LONGEST_LINK_CHAIN; steps++) {
      const member = this.#members.get(at);
      if (member === undefined) throw invalid(`it has no ${JSON.stringify(name.slice(0, 200))}`);
      if (member.kind !== "link") return member;
      at = member.target;
    }
    throw invalid(`${JSON.stringify(name.slice(0, 200))} is a link without end`);
  }

  /** @throws EngineError `invalid`. */
  document(name: string): Buffer {
    const member = this.get(name);
    if (member.kind !== "document") throw invalid(`${JSON.stringify(name.slice(0, 200))} is not a document`);
    return member.bytes;
  }

  names(): IterableIterator<string> {
    return this.#members.keys();
  }
}

/**
 * The name without `./`, a leading slash, or anything between that changes nothing.
 *
 * @throws EngineError `invalid` for one that leads out of the archive.
 */
export function memberName(name: string): string {
  if (name.split("/").includes("..")) throw invalid(`the name ${JSON.stringify(name.slice(0, 200))} leads out of it`);
  return path.normalize(`/${name}`).slice(1).replace(/\/$/, "");
}

/** A symlink is relative to its folder, a hard link to the archive. @throws EngineError `invalid`. */
export function linkTarget(entry: TarEntry, name: string): string {
  if (entry.type === "hardlink") return memberName(shownPath(entry.target));
  // Joined below a root of its own first: `..` may go up, as docker's old archives have it, but not out.
  const target = shownPath(entry.target);
  const joined = path.join("/", path.dirname(name), target);
  const depth = path
    .dirname(name)
    .split("/")
    .filter((part) => part !== ".").length;
  const up = path
    .normalize(target)
    .split("/")
    .filter((part) => part === "..").length;
  if (target.startsWith("/") || up > depth) throw invalid(`the link ${JSON.stringify(name.slice(0, 200))} leads out of it`);
  return memberName(joined);
}

/** Lets a stream pass and tells afterwards how it was compressed. */
export function watchStart(bytes: AsyncIterable<Uint8Array>): { bytes: AsyncIterable<Uint8Array>; compression: () => Compression } {
  let start = Buffer.alloc(0);
  async function* watched(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      if (start.length < LONGEST_MAGIC) start = Buffer.concat([start, chunk.subarray(0, LONGEST_MAGIC)]);
      yield chunk;
    }
  }
  return { bytes: watched(), compression: () => compressionOf(start) };
}

export function invalid(message: string, cause?: unknown): EngineError {
  return new EngineError("invalid", `invalid archive: ${message}`, { cause });
}
