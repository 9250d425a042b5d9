import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { HostServers } from "./host-servers.ts";

it("follows the host's resolv.conf, its loopback and IPv6 servers included", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dhow-servers-"));
  const path = join(folder, "resolv.conf");
  const servers = new HostServers(path);
  await servers.refresh();
  expect(servers.current()).toEqual(["8.8.8.8", "8.8.4.4"]);
  writeFileSync(path, "nameserver 127.0.0.53\nnameserver 2001:db8::53\n");
  await servers.refresh();
  expect(servers.current()).toEqual(["127.0.0.53", "2001:db8::53"]);
  writeFileSync(path, "nameserver 192.0.2.1\n");
  await expect.poll(() => servers.current()).toEqual(["192.0.2.1"]);
  rmSync(path);
  await servers.refresh();
  expect(servers.current()).toEqual(["192.0.2.1"]);
  writeFileSync(path, "# none\n");
  await servers.refresh();
  expect(servers.current()).toEqual(["8.8.8.8", "8.8.4.4"]);
  rmSync(folder, { recursive: true });
});
