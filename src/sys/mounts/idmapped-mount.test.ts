import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { asOwner } from "../files/file-owner.ts";
import { idmappedMount } from "./idmapped-mount.ts";
import { closeFd } from "../processes/pipe.ts";
import { holdNetworkOf, holdNewNamespaces, openUserNamespace } from "./user-namespace.ts";

const folder = mkdtempSync(join(tmpdir(), "idmap-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const range = { containerID: 0, hostID: 1_700_000_000, size: 1000 };
const mapping = { uids: [range], gids: [range] };
const owner = { uid: range.hostID, gid: range.hostID };
const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)("an idmapped mount", () => {
  it("shows owners through the mapping, and lets those be made whom it knows", async () => {
    const userNamespace = await openUserNamespace(mapping);
    writeFileSync(join(folder, "theirs"), "x");
    chownSync(join(folder, "theirs"), 5, 6);
    const mount = idmappedMount(folder, userNamespace);
    const inside = `/proc/self/fd/${mount}`;
    try {
      const { uid, gid } = statSync(`${inside}/theirs`);
      expect([uid, gid]).toEqual([range.hostID + 5, range.hostID + 6]);
      expect(() => mkdirSync(`${inside}/root`)).toThrow("EOVERFLOW");
      asOwner(owner, () => mkdirSync(`${inside}/mine`));
      expect(statSync(join(folder, "mine")).uid).toBe(0);
    } finally {
      closeFd(mount);
      closeFd(userNamespace);
    }
  });
});

describe.skipIf(!isRoot)("asOwner", () => {
  it("makes files of somebody else's with all rights of root, and comes back whatever happens", () => {
    const closed = join(folder, "closed");
    mkdirSync(closed, { mode: 0o700 });
    asOwner(owner, () => writeFileSync(join(closed, "file"), "x"));
    expect(statSync(join(closed, "file")).uid).toBe(owner.uid);
    expect(() =>
      asOwner(owner, () => {
        throw new Error("failed");
      }),
    ).toThrow("failed");
    writeFileSync(join(closed, "again"), "x");
    expect(statSync(join(closed, "again")).uid).toBe(0);
    expect(readFileSync("/proc/thread-self/status", "utf8")).toMatch(/^Uid:\s0\s0\s0\s0$/m);
  });
});

describe.skipIf(!isRoot)("namespaces that are held", () => {
  it("have the mapping, own their networks, and end with their holder", async () => {
    const first = await holdNewNamespaces(mapping);
    const second = await holdNetworkOf(first.user);
    expect(statSync(second.user).ino).toBe(statSync(first.user).ino);
    expect(statSync(second.network).ino).not.toBe(statSync(first.network).ino);
    expect(statSync(first.user).ino).not.toBe(statSync("/proc/self/ns/user").ino);
    await Promise.all([first.end(), second.end()]);
    expect(() => statSync(first.user)).toThrow("ENOENT");
  });

  it("fail with what unshare says", async () => {
    await expect(holdNetworkOf("/proc/self/ns/net")).rejects.toThrow("could not be made: nsenter:");
  });
});
