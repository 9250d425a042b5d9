import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checked, libc } from "../ffi.ts";
import { notify } from "./sd-notify.ts";

const socket = libc("int socket(int domain, int type, int protocol)");
const bind = libc("int bind(int fd, const void *address, uint32_t size)");
const recv = libc("int64_t recv(int fd, void *data, size_t length, int flags)");
const close = libc("int close(int fd)");

let folder: string;
let receiver: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "notify-"));
  receiver = checked("socket", socket(1, 2 | 0o2000000 | 0o4000, 0));
});
afterEach(() => {
  close(receiver);
  rmSync(folder, { recursive: true });
});

test.each([
  ["a path", () => join(folder, "s")],
  ["an abstract name", () => `@${folder.replaceAll("/", "-")}`],
])("sends one datagram to %s", (_, addressOf) => {
  const address = addressOf();
  const name = Buffer.concat([Buffer.from([1, 0]), Buffer.from(address.replace("@", "\0"))]);
  checked("bind", bind(receiver, name, name.length));
  notify(address, "READY=1\nSTATUS=up");
  const data = Buffer.alloc(100);
  expect(data.toString("utf8", 0, checked("recv", recv(receiver, data, data.length, 0)))).toBe("READY=1\nSTATUS=up");
});

test("says so when nobody is there, and when the address is none", () => {
  expect(() => notify(join(folder, "none"), "READY=1")).toThrow("ENOENT");
  expect(() => notify(`/${"x".repeat(120)}`, "READY=1")).toThrow("longer than a unix socket's");
});
