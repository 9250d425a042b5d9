import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import tls from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { silentLogger } from "#lib/logger.ts";
import { listen, type Listener } from "./listen.ts";
import { HttpServer } from "./server.ts";
import { type Certificate, type CertificateRequest, makeCertificate, makeRevocationList } from "./test-certificates.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "dhow-listen-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const modeOf = (file: string): string => (statSync(file).mode & 0o7777).toString(8);

describe("a unix socket", () => {
  test("has its mode and group, and nothing is left beside it", async () => {
    const file = path.join(folder, "api.sock");
    const listener = await listen({ kind: "unix", path: file, gid: 12 });
    expect([modeOf(file), statSync(file).gid, readdirSync(folder)]).toEqual(["660", 12, ["api.sock"]]);
    expect(listener.address).toBe(`unix://${file}`);
    listener.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("that nobody listens on is replaced", async () => {
    const file = path.join(folder, "api.sock");
    const first = await listen({ kind: "unix", path: file });
    first.server.close();
    expect(existsSync(file)).toBe(true);
    const second = await listen({ kind: "unix", path: file, mode: 0o600 });
    expect(modeOf(file)).toBe("600");
    first.close();
    expect(existsSync(file)).toBe(true);
    second.close();
  });

  test("that somebody listens on is not", async () => {
    const file = path.join(folder, "api.sock");
    const first = await listen({ kind: "unix", path: file });
    await expect(listen({ kind: "unix", path: file })).rejects.toThrow("another process listens there");
    first.close();
  });

  test.each([
    ["a file", (file: string) => writeFileSync(file, "precious")],
    ["a folder", (file: string) => mkdirSync(file)],
    ["a link", (file: string) => symlinkSync("/etc/passwd", file)],
  ])("does not replace %s", async (_name, make) => {
    const file = path.join(folder, "api.sock");
    make(file);
    await expect(listen({ kind: "unix", path: file })).rejects.toThrow("it exists and is no socket");
    expect(readdirSync(folder)).toEqual(["api.sock"]);
  });

  test("has a path that fits", async () => {
    const file = path.join(folder, "x".repeat(100));
    await expect(listen({ kind: "unix", path: file })).rejects.toThrow(/at most 93 bytes/);
  });

  test("needs its folder", async () => {
    const missing = path.join(folder, "none", "api.sock");
    await expect(listen({ kind: "unix", path: missing })).rejects.toMatchObject({
      category: "invalid",
      message: expect.stringContaining("ENOENT"),
    });
  });

  test("does not depend on the folder's mode", async () => {
    chmodSync(folder, 0o755);
    const file = path.join(folder, "api.sock");
    const listener = await listen({ kind: "unix", path: file });
    expect(modeOf(file)).toBe("660");
    listener.close();
  });
});

test("a TCP port in use is a conflict", async () => {
  const first = await listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
  const { port } = first.server.address() as net.AddressInfo;
  expect(first.address).toBe(`tcp://127.0.0.1:${port}`);
  await expect(listen({ kind: "tcp", host: "127.0.0.1", port })).rejects.toMatchObject({ category: "conflict" });
  first.close();
});

test("a listening socket can be handed over by its number", async () => {
  const file = path.join(folder, "s");
  const handed = net.createServer();
  await new Promise<void>((resolve) => void handed.listen(file, resolve));
  const { fd } = (handed as unknown as { _handle: { fd: number } })._handle;
  const script = `import { listen } from ${JSON.stringify(new URL("./listen.ts", import.meta.url).href)};
    const { server, transport, address } = await listen({ kind: "fd", fd: 3 });
    server.once("connection", (socket) => { socket.end(transport + " " + address); server.close(); });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "inherit", "inherit", fd] });
  // This process must not accept; and closing removes the name that the socket was bound under.
  renameSync(file, `${file}.kept`);
  handed.close();
  try {
    expect(await text(net.connect(`${file}.kept`))).toBe("unix fd://3");
  } finally {
    child.kill();
    await once(child, "exit");
  }
});

describe("TLS", () => {
  const ca = makeCertificate({ name: "ca", ca: true });
  const otherCa = makeCertificate({ name: "other ca", ca: true });
  const issued = (name: string, more: Partial<CertificateRequest> = {}): Certificate =>
    makeCertificate({ name, issuer: ca, use: "client", ...more });
  const revoked = issued("revoked");
  let listener: Listener | undefined;
  let server: HttpServer | undefined;

  beforeAll(async () => {
    const identity = { ...issued("server", { use: "server" }), ca: ca.cert };
    listener = await listen({ kind: "tls", host: "127.0.0.1", port: 0, identity, revoked: makeRevocationList(ca, [revoked]) });
    server = new HttpServer(
      { handle: () => Promise.resolve({ kind: "text", status: 200, body: "OK" }), logger: silentLogger },
      { headers: {} },
    );
    server.serve(listener.server, listener.transport);
  });
  afterAll(async () => {
    listener?.close();
    await server?.close(0);
  });

  /** The first line of an answer, or the reason why there is none. */
  function ask(options: tls.ConnectionOptions): Promise<string> {
    const port = portOf(listener);
    return new Promise((resolve) => {
      const socket = tls.connect({ host: "127.0.0.1", port, ca: ca.cert, ...options });
      socket.once("secureConnect", () => socket.write("GET /_ping HTTP/1.1\r\nHost: engine.example\r\n\r\n"));
      socket.once("data", (data) => {
        resolve(data.toString().split("\r\n", 1)[0] ?? "");
        socket.destroy();
      });
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.once("close", () => resolve("closed"));
    });
  }

  test("lets in a client whose certificate the CA has signed", async () => {
    expect(await ask(issued("client"))).toBe("HTTP/1.1 200 OK");
  });

  const refused: [name: string, options: tls.ConnectionOptions][] = [
    ["no certificate", {}],
    ["a self-signed one", makeCertificate({ name: "client", use: "client" })],
    ["another CA's", makeCertificate({ name: "client", issuer: otherCa, use: "client" })],
    ["one of a CA of the same name", makeCertificate({ name: "client", issuer: makeCertificate({ name: "ca", ca: true }), use: "client" })],
    ["an expired one", issued("client", { from: -3, until: -1 })],
    ["one of tomorrow", issued("client", { from: 1, until: 3 })],
    ["a server's", issued("client", { use: "server" })],
    ["one that a client's certificate has signed", makeCertificate({ name: "client", issuer: issued("no ca"), use: "client" })],
    ["a revoked one", revoked],
    ["TLS 1.1", { ...issued("client"), minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }],
  ];
  test.each(refused)("refuses %s", async (_name, options) => {
    expect(await ask(options)).not.toMatch(/^HTTP/);
  });

  test("refuses plain HTTP, and goes on", async () => {
    const port = portOf(listener);
    const answer = await new Promise<string>((resolve) => {
      const socket = net.connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: d\r\n\r\n"));
      socket.once("data", (data) => resolve(data.toString("latin1")));
      socket.once("close", () => resolve(""));
      socket.on("error", () => undefined);
    });
    expect(answer).not.toMatch(/^HTTP/);
    expect(await ask(issued("client"))).toBe("HTTP/1.1 200 OK");
  });
});

function portOf(listener: Listener | undefined): number {
  const address = listener?.server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
