import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { file, tarOf } from "#lib/tar/testing.ts";
import { digestOf } from "../content/contract.suite.ts";
import { createContentStore, type FsContentStore } from "../content/fs-content-store.ts";
import type { GrowingFile } from "../worker/growing-file.ts";
import type { Unpacked } from "./contract.ts";
import { createUnpacker } from "./unpacker.ts";

const unpacker = createUnpacker();
const never = new AbortController().signal;
afterAll(() => unpacker.close());

let base: string;
let target: string;
let content: FsContentStore;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "dhow-growing-"));
  target = join(base, "target");
  mkdirSync(target);
  content = createContentStore({ root: join(base, "content") });
});

afterEach(async () => {
  await content.close();
  rmSync(base, { recursive: true, force: true });
});

const MEBIBYTE = 1024 * 1024;
const archive = tarOf(file("first", randomBytes(2 * MEBIBYTE)), file("second", randomBytes(2 * MEBIBYTE)));
/** So much of it that `first` is whole. */
const FIRST_PART = 3 * MEBIBYTE;

/** Takes in an archive that stops in the middle until it is let go on, or made to fail, and unpacks it meanwhile. */
class Trial {
  readonly #middle = Promise.withResolvers<void>();
  readonly ingest: Promise<unknown>;
  readonly unpacked: Promise<Unpacked>;

  constructor(bytes: Buffer, signal = never) {
    const growing = Promise.withResolvers<GrowingFile>();
    const expected = { digest: digestOf(bytes), size: bytes.length, limit: bytes.length };
    this.ingest = content.ingest(this.#source(bytes), expected, never, growing.resolve);
    this.unpacked = growing.promise.then((file) =>
      unpacker.unpack({ source: { growing: file }, folder: target, whiteouts: "overlay", expectedDiffId: digestOf(archive) }, signal),
    );
    for (const promise of [this.ingest, this.unpacked]) promise.catch(() => undefined);
  }

  async *#source(bytes: Buffer): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, FIRST_PART);
    await this.#middle.promise;
    yield bytes.subarray(FIRST_PART);
  }

  goOn(): void {
    this.#middle.resolve();
  }

  fail(): void {
    this.#middle.reject(new Error("the peer hung up"));
  }

  /** Until what has come is unpacked. */
  async stands(): Promise<void> {
    await vi.waitUntil(() => existsSync(join(target, "second")), { timeout: 90_000 });
  }
}

describe("an archive that is still coming in", { timeout: 120_000 }, () => {
  it.each([
    ["plain", archive],
    ["compressed", gzipSync(archive)],
  ])("is unpacked as far as it has come, and to its end (%s)", async (_, bytes) => {
    const trial = new Trial(bytes);
    await trial.stands();
    expect(statSync(join(target, "first")).size).toBe(2 * MEBIBYTE);
    expect(content.sizeOf(digestOf(bytes))).toBeUndefined();
    trial.goOn();
    expect(await trial.unpacked).toMatchObject({ diffId: digestOf(archive), contentSize: 4 * MEBIBYTE });
    await trial.ingest;
    expect(content.sizeOf(digestOf(bytes))).toBe(bytes.length);
  });

  it("is found under its name when it is whole before anybody begins", async () => {
    const bytes = gzipSync(archive);
    const growing = Promise.withResolvers<GrowingFile>();
    const expected = { digest: digestOf(bytes), limit: bytes.length };
    async function* source(): AsyncGenerator<Uint8Array> {
      yield bytes;
    }
    await content.ingest(source(), expected, never, growing.resolve);
    const request = { source: { growing: await growing.promise }, folder: target, whiteouts: "overlay" } as const;
    expect(await unpacker.unpack(request, never)).toMatchObject({ diffId: digestOf(archive) });
  });

  it("ends the unpacking when it breaks off", async () => {
    const trial = new Trial(archive);
    await trial.stands();
    trial.fail();
    await expect(trial.unpacked).rejects.toMatchObject({ category: "cancelled" });
    await expect(trial.ingest).rejects.toThrow("the peer hung up");
  });

  it("is left when nobody wants the layer any more", async () => {
    const abort = new AbortController();
    const trial = new Trial(archive, abort.signal);
    await trial.stands();
    abort.abort();
    await expect(trial.unpacked).rejects.toMatchObject({ category: "cancelled" });
    trial.goOn();
    await trial.ingest;
  });
});
