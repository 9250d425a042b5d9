import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { freePort } from "../../support/registry.ts";

const port = await freePort();
const daemon = useDaemon({ images: [busyboxArchive], flags: ["-H", `tcp://127.0.0.1:${port}`] });

async function create(name: string, body: object): Promise<void> {
  expect(await daemon.api("POST", `/containers/create?name=${name}`, { Image: BUSYBOX, ...body })).toMatchObject({ status: 201 });
}

/** Node's own WebSocket, which is a browser's. */
class Client {
  readonly socket: WebSocket;
  readonly messages: (string | Buffer)[] = [];
  readonly closed: Promise<number>;

  constructor(path: string) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("message", ({ data }) => {
      this.messages.push(typeof data === "string" ? data : Buffer.from(data as ArrayBuffer));
    });
    this.closed = new Promise((resolve) => this.socket.addEventListener("close", ({ code }) => resolve(code)));
  }

  get open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.addEventListener("open", () => resolve());
      this.socket.addEventListener("error", () => reject(new Error("the handshake was refused")));
    });
  }

  get text(): string {
    return this.messages.map(String).join("");
  }
}

const EVERYTHING = "stream=1&stdin=1&stdout=1&stderr=1";

describe("attach by websocket", () => {
  it("types, and reads both streams without frames, to the end", async () => {
    await create("typed", { Cmd: ["sh", "-c", "read line; echo out $line; echo err >&2"], OpenStdin: true });
    const client = new Client(`/containers/typed/attach/ws?${EVERYTHING}`);
    await client.open;
    await daemon.api("POST", "/containers/typed/start");
    client.socket.send("grüße\n");
    expect(await client.closed).toBe(1000);
    expect(client.text.split("\n").toSorted()).toEqual(["", "err", "out grüße"]);
    expect(client.messages.every((message) => Buffer.isBuffer(message))).toBe(true);
    const replay = new Client("/containers/typed/attach/ws?logs=1&stdout=1");
    expect(await replay.closed).toBe(1000);
    expect(replay.text).toBe("out grüße\n");
  });

  it("speaks text before 1.28, whole characters at a time", async () => {
    await create("old", { Cmd: ["sh", "-c", "printf 'a\\303'; sleep 0.3; printf '\\274\\377z'"] });
    const client = new Client("/v1.27/containers/old/attach/ws?stream=1&stdout=1");
    await client.open;
    await daemon.api("POST", "/containers/old/start");
    expect(await client.closed).toBe(1000);
    expect(client.messages.every((message) => typeof message === "string")).toBe(true);
    expect(client.text).toBe("aü\ufffdz");
  });

  it("loses nothing of a large output, and takes large messages", async () => {
    await create("large", { Cmd: ["sh", "-c", "head -c 3000000 | wc -c; seq 1 200000"], OpenStdin: true, StdinOnce: true });
    const client = new Client(`/containers/large/attach/ws?${EVERYTHING}`);
    await client.open;
    await daemon.api("POST", "/containers/large/start");
    client.socket.send(new Uint8Array(3_000_000));
    expect(await client.closed).toBe(1000);
    const text = Buffer.concat(client.messages as Buffer[]).toString();
    expect(text.startsWith("3000000\n1\n2\n")).toBe(true);
    expect(text.length).toBe("3000000\n".length + 1_288_895);
  });

  it("ends input with the connection, and detaches by keys", async () => {
    await create("cat", { Cmd: ["cat"], OpenStdin: true, StdinOnce: true });
    const client = new Client(`/containers/cat/attach/ws?${EVERYTHING}`);
    await client.open;
    await daemon.api("POST", "/containers/cat/start");
    client.socket.send("x");
    await eventually(() => expect(client.text).toBe("x"));
    client.socket.close();
    expect(await client.closed).toBe(1000);
    expect((await daemon.api("POST", "/containers/cat/wait")).json).toEqual({ StatusCode: 0 });
    await create("shell", { Cmd: ["sh"], OpenStdin: true, Tty: true });
    await daemon.api("POST", "/containers/shell/start");
    const terminal = new Client(`/containers/shell/attach/ws?${EVERYTHING}&detachKeys=ctrl-x`);
    await terminal.open;
    terminal.socket.send("echo $((6*7))\n");
    await eventually(() => expect(terminal.text).toContain("42"));
    terminal.socket.send("\u0018");
    expect(await terminal.closed).toBe(1000);
    expect((await daemon.api("GET", "/containers/shell/json")).json.State.Running).toBe(true);
  });

  it("holds a process back while its client does not read, and grows by no more than what is under way", async () => {
    await create("flood", { Cmd: ["sh", "-c", "yes | head -c 200000000"], HostConfig: { LogConfig: { Type: "none" } } });
    const socket = connect(port, "127.0.0.1");
    socket.write(handshake("flood", "stream=1&stdout=1"));
    await new Promise((resolve) => socket.once("readable", resolve));
    const before = daemon.residentMegabytes();
    await daemon.api("POST", "/containers/flood/start");
    await eventually(async () => expect((await daemon.api("GET", "/containers/flood/json")).json.State.Status).toBe("running"));
    for (let look = 0; look < 20; look += 1) await daemon.api("GET", "/containers/json");
    expect(daemon.residentMegabytes() - before).toBeLessThan(60);
    socket.destroy();
    await daemon.api("DELETE", "/containers/flood?force=1");
  });
});

function handshake(container: string, query: string, headers: readonly string[] = []): string {
  const fields = [
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];
  return `${[`GET /containers/${container}/attach/ws?${query} HTTP/1.1`, ...fields, ...headers].join("\r\n")}\r\n\r\n`;
}

/** Sends bytes and gives back all that comes until the other side is done. */
async function raw(...pieces: (string | Buffer)[]): Promise<Buffer> {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  const ended = new Promise((resolve) => socket.once("close", resolve));
  // A refusal is one answer on a connection that stays.
  const refused = new Promise<void>((resolve) =>
    socket.once("data", (first: Buffer) => void (/^HTTP.1.1 4/.test(first.toString()) && resolve())),
  );
  socket.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", () => undefined);
  for (const piece of pieces) socket.write(piece);
  await Promise.race([ended, refused, new Promise((resolve) => setTimeout(resolve, 10_000).unref())]);
  socket.destroy();
  return Buffer.concat(chunks);
}

describe("a websocket that should not be", () => {
  it("a page of another origin is refused before anything is attached (P31)", async () => {
    await create("private", { Cmd: ["cat"], OpenStdin: true, Tty: true });
    await daemon.api("POST", "/containers/private/start");
    for (const header of ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"]) {
      expect((await raw(handshake("private", EVERYTHING, [header]))).toString()).toMatch(/^HTTP\/1\.1 403 /);
    }
    const rebound = handshake("private", EVERYTHING).replace("Host: localhost", "Host: evil.example");
    expect((await raw(rebound)).toString()).toMatch(/^HTTP\/1\.1 403 /);
  });

  it("no handshake, no websocket", async () => {
    expect(await daemon.api("GET", "/containers/private/attach/ws")).toMatchObject({
      status: 400,
      json: { message: expect.stringContaining("websocket") as unknown },
    });
    expect((await raw(handshake("nosuch", EVERYTHING))).toString()).toContain("No such container: nosuch");
  });

  it("frames against the protocol close it with the code that says why", async () => {
    const unmasked = Buffer.from([0x81, 1, 0x78]);
    const huge = Buffer.from([0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]);
    for (const [frame, code] of [
      [unmasked, 1002],
      [huge, 1009],
    ] as const) {
      const answer = await raw(handshake("private", EVERYTHING), frame);
      expect(answer.subarray(-4)).toEqual(Buffer.from([0x88, 2, code >> 8, code & 0xff]));
    }
    expect((await daemon.api("GET", "/containers/private/json")).json.State.Running).toBe(true);
  });

  it("a ping is answered, also in between two fragments", async () => {
    await create("echo", { Cmd: ["head", "-c", "2"], OpenStdin: true });
    await daemon.api("POST", "/containers/echo/start");
    const mask = Buffer.alloc(4);
    const frames = [
      Buffer.concat([Buffer.from([0x01, 0x81]), mask, Buffer.from("a")]),
      Buffer.concat([Buffer.from([0x89, 0x81]), mask, Buffer.from("?")]),
      Buffer.concat([Buffer.from([0x80, 0x81]), mask, Buffer.from("b")]),
    ];
    const answer = await raw(handshake("echo", EVERYTHING), ...frames);
    expect(answer.includes(Buffer.from([0x8a, 1, 0x3f]))).toBe(true);
    // In one message or in two: the program may have read the fragments one by one.
    const messages = [["ab"], ["a", "b"]].map((parts) =>
      parts.map((part) => answer.indexOf(Buffer.concat([Buffer.from([0x82, part.length]), Buffer.from(part)]))),
    );
    expect(messages.some((places) => places.every((place, index) => place > (places[index - 1] ?? 0)))).toBe(true);
  });
});
