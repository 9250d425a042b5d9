import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { VolumeProvider } from "#container/ports.ts";
import { useVolumes } from "../testing.ts";

const at = useVolumes();

describe("mounts of a container", () => {
  it("are what the container noun asks for", () => {
    const provider: VolumeProvider = at().volumes;
    expect(provider).toBe(at().volumes);
  });

  it("are planned, shown as Docker shows them, and their volumes made", async () => {
    const mounts = await at().plan(
      "c",
      { Binds: ["/host:/b:ro", "data:/d"], Mounts: [{ Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 1024 } }] },
      ["/v"],
    );
    const [b, d, t, v] = mounts;
    expect(b).toMatchObject({
      type: "bind",
      source: "/host",
      readOnly: true,
      createSource: true,
      shown: { Type: "bind", Mode: "ro", RW: false, Propagation: "rprivate" },
    });
    expect(d).toMatchObject({
      volumeName: "data",
      copyUp: true,
      shown: { Type: "volume", Name: "data", Driver: "local", Mode: "z", RW: true, Source: join(at().root, "data/_data") },
    });
    expect(t).toMatchObject({ type: "tmpfs", options: ["size=1024"], source: "" });
    expect(v?.shown).toMatchObject({ Destination: "/v", Mode: "", Driver: "local" });
    expect(new Set(await at().list())).toEqual(new Set([v?.volumeName, "data"]));
  });

  it("refuse everything before they make anything", async () => {
    await expect(at().plan("c", { Binds: ["good:/a", "../bad:/b"] })).rejects.toThrow("includes invalid characters");
    await expect(
      at().plan("c", { Binds: ["good:/a"], Mounts: [{ Type: "bind", Source: join(at().base, "none"), Target: "/b" }] }),
    ).rejects.toThrow(`invalid mount config for type "bind": bind source path does not exist: ${join(at().base, "none")}`);
    await expect(at().plan("c", { Binds: ["good:/a"], VolumeDriver: "nfs" })).rejects.toThrow('plugin "nfs" not found');
    expect(await at().list()).toEqual([]);
  });

  it("go with the container, but not what was named or is had by another", async () => {
    const first = await at().plan("c1", { Binds: ["data:/d"] }, ["/v"]);
    await at().plan("c2", {}, [], first);
    await at().volumes.release("c1", { removeAnonymous: true });
    expect(await at().list()).toHaveLength(2);
    await at().volumes.release("c2", { removeAnonymous: true });
    expect(await at().list()).toEqual(["data"]);
    await at().volumes.release("c2", { removeAnonymous: true });
  });

  it("stay without the wish to remove them", async () => {
    await at().plan("c", {}, ["/v"]);
    await at().volumes.release("c", { removeAnonymous: false });
    expect(await at().list()).toHaveLength(1);
  });

  it("make a missing source for -v at the start, and for --mount only when asked", async () => {
    const missing = join(at().base, "made/by/start");
    const mounts = await at().plan("c", { Binds: [`${missing}:/b`] });
    expect(existsSync(missing)).toBe(false);
    await at().prepare("c", mounts);
    expect(statSync(missing).isDirectory()).toBe(true);
    const gone = join(at().base, "gone");
    mkdirSync(gone);
    const strict = await at().plan("d", { Mounts: [{ Type: "bind", Source: gone, Target: "/b" }] });
    rmSync(gone, { recursive: true });
    await expect(at().prepare("d", strict)).rejects.toThrow(`bind source path does not exist: ${gone}`);
    writeFileSync(join(at().base, "file"), "");
    await expect(at().prepare("e", await at().plan("e", { Binds: [`${at().base}/file/x:/b`] }))).rejects.toThrow("invalid mount config");
  });
});
