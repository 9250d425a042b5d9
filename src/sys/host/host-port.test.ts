import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { holdPort } from "./host-port.ts";

/** Ports above the ephemeral range, so that no client of another test has one by chance. */
const PORT = 61_400 + (process.pid % 500);

describe("holdPort", () => {
  it.each(["tcp", "udp"] as const)("keeps a %s port from a second holder until it is released", (protocol) => {
    const held = holdPort(protocol, "127.0.0.1", PORT);
    expect(() => holdPort(protocol, "127.0.0.1", PORT)).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
    expect(() => holdPort(protocol, "0.0.0.0", PORT)).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
    held.release();
    holdPort(protocol, "0.0.0.0", PORT).release();
  });

  it("keeps other processes' servers away, which set SO_REUSEADDR", async () => {
    const held = holdPort("tcp", "0.0.0.0", PORT);
    const server = createServer().listen(PORT, "127.0.0.1");
    const [error] = (await once(server, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("EADDRINUSE");
    held.release();
  });

  it("finds a server that listens on one address of the host", async () => {
    const server = createServer().listen(PORT, "127.0.0.1");
    await once(server, "listening");
    expect(() => holdPort("tcp", "0.0.0.0", PORT)).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
    server.close();
    await once(server, "close");
  });

  it("finds a UDP socket", async () => {
    const other = createSocket("udp4").bind(PORT, "127.0.0.1");
    await once(other, "listening");
    expect(() => holdPort("udp", "0.0.0.0", PORT)).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
    other.close();
    await once(other, "close");
  });

  it("refuses an address that is not the host's", () => {
    expect(() => holdPort("tcp", "198.51.100.77", PORT)).toThrow(expect.objectContaining({ code: "EADDRNOTAVAIL" }));
  });

  it("does not answer a client: no connection is accepted and then forgotten", async () => {
    const held = holdPort("tcp", "127.0.0.1", PORT);
    const client = connect(PORT, "127.0.0.1");
    const outcome = await Promise.race([
      once(client, "connect").then(() => "connected"),
      once(client, "timeout", client.setTimeout(150) && {}).then(() => "silence"),
    ]);
    client.destroy();
    held.release();
    expect(outcome).toBe("silence");
  });

  it("releases once", () => {
    const held = holdPort("tcp", "127.0.0.1", PORT);
    held.release();
    const next = holdPort("tcp", "127.0.0.1", PORT);
    held.release();
    expect(() => holdPort("tcp", "127.0.0.1", PORT)).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
    next.release();
  });
});
