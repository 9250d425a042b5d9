import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { mkdirSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { adopt, watchReadable } from "./fd-socket.ts";
import { libc } from "../ffi.ts";
import { FolderWatch } from "../files/folder-watch.ts";
import { closeFd, makeMemoryFile, makePipe, openFd, setNonBlocking, unreadBytes, writeByte } from "../processes/pipe.ts";
import { receiveTerminal, setWindowSize } from "../processes/terminal.ts";
import { acceptUnix, connectUnix, listenUnix } from "./unix-socket.ts";

const send = libc("int64_t send(int fd, const void *data, size_t length, int flags)");
const fcntl = libc("int fcntl(int fd, int command, int argument)");
const FD_CLOEXEC = 1;
const F_GETFD = 1;

const openDescriptors = (): number => readdirSync("/proc/self/fd").length;
const settled = <T>(promise: Promise<T>): Promise<T | "waits"> =>
  Promise.race([promise, new Promise<"waits">((resolve) => setTimeout(resolve, 30, "waits"))]);

describe("descriptors on the event loop", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(`${tmpdir()}/dhow-fd-`);
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  function connect(path = `${folder}/socket`): { ours: number; theirs: number } {
    const listener = listenUnix(path, "seqpacket");
    const ours = connectUnix(path, "seqpacket");
    const theirs = acceptUnix(listener);
    closeFd(listener);
    return { ours, theirs };
  }

  it("give the packets of a seqpacket socket one by one, and its end", async () => {
    const { ours, theirs } = connect();
    const { socket } = adopt(ours, { readable: true, writable: true });
    const packets: string[] = [];
    socket.on("data", (packet: Buffer) => packets.push(packet.toString()));
    for (const text of ["one", "two", "three"]) send(theirs, Buffer.from(text), text.length, 0);
    await expect.poll(() => packets).toEqual(["one", "two", "three"]);
    closeFd(theirs);
    await new Promise((resolve) => socket.once("end", resolve));
    socket.destroy();
  });

  it("are all closed again", async () => {
    const visit = async (n: number): Promise<void> => {
      const { ours, theirs } = connect(`${folder}/${n}`);
      const watch = watchReadable(theirs);
      const { socket } = adopt(ours, { readable: true, writable: true });
      socket.write("x");
      await watch.ready;
      socket.destroy();
      closeFd(theirs);
      await new Promise((resolve) => socket.once("close", resolve));
    };
    await visit(0);
    const before = openDescriptors();
    for (let n = 1; n <= 20; n++) await visit(n);
    // Of the whole process: other tests open some, too.
    await expect.poll(openDescriptors).toBeLessThan(before + 15);
  });

  it("are connected whatever the length of the path", () => {
    const deep = `${folder}/${"x".repeat(100)}/${"y".repeat(100)}`;
    mkdirSync(deep, { recursive: true });
    const { ours, theirs } = connect(`${deep}/socket`);
    closeFd(ours);
    closeFd(theirs);
    expect(readdirSync(deep)).toEqual(["socket"]);
    expect(() => connectUnix(`${deep}/socket`, "seqpacket")).toThrow(/ECONNREFUSED/);
    expect(() => connectUnix(`${deep}/other`, "seqpacket")).toThrow(/ENOENT/);
  });

  it("are watched without taking what there is to read", async () => {
    const pipe = makePipe();
    const watch = watchReadable(pipe.read);
    expect(await settled(watch.ready)).toBe("waits");
    writeByte(pipe.write);
    await watch.ready;
    expect(unreadBytes(pipe.read)).toBe(1);
    const given = watchReadable(makePipe().read);
    given.stop();
    await given.ready;
    closeFd(pipe.read);
    closeFd(pipe.write);
  });

  it("close themselves on exec, of every kind", () => {
    const pipe = makePipe();
    const { ours, theirs } = connect();
    const all = [pipe.read, pipe.write, ours, theirs, makeMemoryFile("x", "text"), openFd("/dev/null", 0)];
    expect(all.map((fd) => fcntl(fd, F_GETFD, 0))).toEqual(all.map(() => FD_CLOEXEC));
    for (const fd of all) closeFd(fd);
  });

  it("are closed when they cannot be adopted", () => {
    expect(() => adopt(9999, { readable: true, writable: false })).toThrow(/EBADF/);
    const file = openFd("/etc/passwd", 0);
    const before = openDescriptors();
    for (let n = 0; n < 20; n++) expect(() => watchReadable(file)).toThrow(/EPERM/);
    expect(openDescriptors()).toBeLessThan(before + 15);
    closeFd(file);
  });

  describe("a terminal's receiver", () => {
    it("gives nothing when it is closed first, and takes its file away", async () => {
      const receiver = receiveTerminal(`${folder}/tty`);
      expect(readdirSync(folder)).toEqual(["tty"]);
      expect(await settled(receiver.terminal)).toBe("waits");
      receiver.close();
      receiver.close();
      expect(await receiver.terminal).toBeUndefined();
      expect(readdirSync(folder)).toEqual([]);
    });

    it("takes a message without a descriptor for none", async () => {
      const receiver = receiveTerminal(`${folder}/tty`);
      const client = connectUnix(`${folder}/tty`, "stream");
      send(client, Buffer.from("hello"), 5, 0);
      expect(await receiver.terminal).toBeUndefined();
      closeFd(client);
      receiver.close();
    });

    it("refuses a size for what is no terminal", () => {
      const pipe = makePipe();
      expect(() => setWindowSize(pipe.read, { rows: 1, columns: 1 })).toThrow(/ENOTTY/);
      closeFd(pipe.read);
      closeFd(pipe.write);
    });
  });

  it("tell of files that appear in a folder, to whom it is about", async () => {
    using watch = new FolderWatch(folder);
    const seen: string[] = [];
    const ignore = watch.listen("mine", () => seen.push("mine"));
    watch.listen("other", () => seen.push("other"));
    await writeFile(`${folder}/mine`, "");
    await expect.poll(() => seen).toContain("mine");
    ignore();
    seen.length = 0;
    await writeFile(`${folder}/mine`, "again");
    await writeFile(`${folder}/other`, "");
    await expect.poll(() => seen).toContain("other");
    expect(seen).not.toContain("mine");
  });

  it("do not block when they are told not to", () => {
    const pipe = makePipe();
    setNonBlocking(pipe.read);
    const read = libc("int64_t read(int fd, void *data, size_t length)");
    expect(Number(read(pipe.read, Buffer.alloc(1), 1))).toBe(-1);
    closeFd(pipe.read);
    closeFd(pipe.write);
  });
});
