import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { libc } from "../ffi.ts";
import { PacketReader } from "./packet-reader.ts";
import { closeFd } from "../processes/pipe.ts";
import { acceptUnix, connectUnix, listenUnix } from "./unix-socket.ts";

const send = libc("int64_t send(int fd, const void *data, size_t length, int flags)");

let folder: string;
let ours: number;
let theirs: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dhow-packets-"));
  const listener = listenUnix(join(folder, "socket"), "seqpacket");
  ours = connectUnix(join(folder, "socket"), "seqpacket");
  theirs = acceptUnix(listener);
  closeFd(listener);
});

afterEach(() => {
  closeFd(ours);
  closeFd(theirs);
  rmSync(folder, { recursive: true });
});

const sent = (bytes: Buffer): void => void send(theirs, bytes, bytes.length, 0);
const texts = (packets: readonly Buffer[]): string[] => packets.map((packet) => packet.toString());

test("packets come in order and whole, as many as asked for at a time", () => {
  const reader = new PacketReader(3, 16);
  for (const text of ["one", "two", "three", "four"]) sent(Buffer.from(text));
  expect(texts(reader.read(ours))).toEqual(["one", "two", "three"]);
  expect(texts(reader.read(ours))).toEqual(["four"]);
  expect(reader.read(ours)).toEqual([]);
});

test("a packet may fill its place, and says nothing of what a longer one left there", () => {
  const reader = new PacketReader(2, 16);
  sent(Buffer.alloc(16, "x"));
  expect(texts(reader.read(ours))).toEqual(["x".repeat(16)]);
  sent(Buffer.from("y"));
  expect(texts(reader.read(ours))).toEqual(["y"]);
});

test("the end, and a descriptor that is no socket, are no packets", () => {
  const reader = new PacketReader(2, 16);
  sent(Buffer.from("last"));
  closeFd(theirs);
  expect(texts(reader.read(ours))).toEqual(["last"]);
  expect(reader.read(ours)).toEqual([]);
  expect(reader.read(-1)).toEqual([]);
  theirs = -1;
});
