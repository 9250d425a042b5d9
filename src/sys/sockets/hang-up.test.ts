import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { hasHungUp } from "./hang-up.ts";

const fdOf = (socket: Socket): number => (socket as unknown as { _handle: { fd: number } })._handle.fd;

it("tells a connection that is closed from one whose other end sends no more", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hang-up-"));
  const server = createServer({ allowHalfOpen: true }).listen(join(folder, "s"));
  try {
    await once(server, "listening");
    const accepted = once(server, "connection") as Promise<[Socket]>;
    const client = connect({ path: join(folder, "s"), allowHalfOpen: true });
    const [socket] = await accepted;
    socket.resume();
    expect(hasHungUp(fdOf(socket))).toBe(false);
    client.end();
    await once(socket, "end");
    expect(hasHungUp(fdOf(socket))).toBe(false);
    client.destroy();
    await expect.poll(() => hasHungUp(fdOf(socket))).toBe(true);
    socket.destroy();
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});
