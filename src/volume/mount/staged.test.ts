import { chownSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import { asked, useVolumes } from "../testing.ts";
import { ownerMapping } from "./owner-mapping.ts";

const at = useVolumes();
const canary = (): string => join(at().base, "canary");

beforeEach(() => {
  mkdirSync(canary());
  writeFileSync(join(canary(), "secret"), "the host's");
});

afterEach(async () => {
  await at().volumes.unmount("c");
  const left = mountPointsBelow(at().base);
  if (left.length > 0) throw new Error(`still mounted: ${left.join(" ")}`);
});

/** The content of a volume `data`, with a mount of a part of it planned. */
async function withSubpath(subpath: string): Promise<() => Promise<string>> {
  const mounts = await at().plan("c", {
    Mounts: [{ Type: "volume", Source: "data", Target: "/m", VolumeOptions: { Subpath: subpath, NoCopy: true } }],
  });
  return async () => (await at().prepare("c", mounts))[0]?.source ?? "";
}
const content = (): string => join(at().root, "data/_data");

describe("a part of a volume", () => {
  it("is a folder, a file, or what a link in the volume leads to", async () => {
    await at().volumes.create(asked("data"));
    mkdirSync(join(content(), "a/b"), { recursive: true });
    writeFileSync(join(content(), "a/b/file"), "deep");
    symlinkSync("a/b", join(content(), "link"));
    symlinkSync("/a/b", join(content(), "absolute"));
    for (const subpath of ["a/b", "link", "absolute"]) {
      const prepare = await withSubpath(subpath);
      expect(readdirSync(await prepare())).toEqual(["file"]);
      await at().volumes.release("c", { removeAnonymous: true });
    }
    const file = await withSubpath("a/b/file");
    expect(readFileSync(await file(), "utf8")).toBe("deep");
  });

  it("that is not there is an error with its name", async () => {
    const prepare = await withSubpath("none/at/all");
    await expect(prepare()).rejects.toThrow('cannot access path "none/at/all" in the volume: ENOENT');
  });

  it.each([["/"], ["../../.."], [`${"../".repeat(30)}`]])("a link to %j leads nowhere but into the volume", async (to) => {
    const prepare = await withSubpath("out");
    mkdirSync(content(), { recursive: true });
    symlinkSync(to, join(content(), "out"));
    writeFileSync(join(content(), "mine"), "");
    expect(readdirSync(await prepare())).toEqual(["mine", "out"]);
  });

  it("a link to the host's, or one of the kernel's magic ones, is refused", async () => {
    const prepare = await withSubpath("out");
    mkdirSync(content(), { recursive: true });
    symlinkSync(canary(), join(content(), "out"));
    await expect(prepare()).rejects.toThrow("cannot access path");
  });

  it("never is the host's while somebody changes the volume (CVE-2021-25741)", async () => {
    const prepare = await withSubpath("flip/in");
    mkdirSync(join(content(), "real/in"), { recursive: true });
    writeFileSync(join(content(), "real/in/mine"), "");
    mkdirSync(join(canary(), "in"));
    const code = `
      const { renameSync, symlinkSync, unlinkSync } = require("node:fs");
      const { workerData: { content, canary } } = require("node:worker_threads");
      for (;;) {
        renameSync(content + "/real", content + "/flip");
        renameSync(content + "/flip", content + "/real");
        symlinkSync(canary, content + "/flip");
        unlinkSync(content + "/flip");
      }`;
    const flipper = new Worker(code, { eval: true, workerData: { content: content(), canary: canary() } });
    const outcomes = new Set<string>();
    for (let round = 0; round < 300; round++) {
      outcomes.add(
        await prepare().then(
          (path) => readdirSync(path).join(),
          () => "refused",
        ),
      );
    }
    await flipper.terminate();
    expect([...outcomes].filter((outcome) => outcome !== "refused" && outcome !== "mine")).toEqual([]);
  });
});

describe("an image's content", () => {
  beforeEach(() => {
    mkdirSync(join(at().base, "image/etc"), { recursive: true });
    writeFileSync(join(at().base, "image/etc/passwd"), "the image's");
    symlinkSync("/etc/passwd", join(at().base, "image/link"));
    at().images.roots.set("app", join(at().base, "image"));
  });

  it.each([
    [undefined, "etc/passwd"],
    ["etc", "passwd"],
    ["link", ""],
  ])("is mounted, or %j of it", async (Subpath, file) => {
    const mounts = await at().plan("c", {
      Mounts: [{ Type: "image", Source: "app", Target: "/m", ...(Subpath === undefined ? {} : { ImageOptions: { Subpath } }) }],
    });
    expect(mounts[0]).toMatchObject({ type: "image", readOnly: true, shown: { Type: "image", Name: "app", RW: false } });
    const [mount] = await at().prepare("c", mounts);
    expect(readFileSync(join(mount?.source ?? "", file), "utf8")).toBe("the image's");
  });

  it("stays for as long as the container does", async () => {
    await at().plan("c".repeat(64), { Mounts: [{ Type: "image", Source: "app", Target: "/m" }] });
    expect(at().images.reserved()).toHaveLength(1);
    await at().volumes.restore(new Set(["c".repeat(64)]));
    expect(at().images.reserved()).toHaveLength(1);
    await at().volumes.release("c".repeat(64), { removeAnonymous: false });
    expect(at().images.reserved()).toEqual([]);
  });

  it("has to be there", async () => {
    await expect(at().plan("c", { Mounts: [{ Type: "image", Source: "none", Target: "/m" }] })).rejects.toThrow("No such image");
  });
});

describe("a bind whose files belong to its folder's owner", () => {
  const folder = (): string => join(at().base, "work");

  beforeEach(() => {
    mkdirSync(folder());
    chownSync(folder(), 1234, 1235);
  });

  const bind = async (mode: string, user: { uid: number; gid: number }): Promise<string> => {
    const mounts = await at().plan("c", { Binds: [`${folder()}:/w${mode}`] });
    return (await at().prepare("c", mounts, user))[0]?.source ?? "";
  };

  it.each([
    [0, 0],
    [77, 88],
  ])("is seen as %d's, and what he makes is the owner's", async (uid, gid) => {
    const source = await bind(":idmap=auto", { uid, gid });
    expect(source).not.toBe(folder());
    expect(statSync(source)).toMatchObject({ uid, gid });
    writeFileSync(join(source, "made"), "");
    chownSync(join(source, "made"), uid, gid);
    expect(statSync(join(folder(), "made"))).toMatchObject({ uid: 1234, gid: 1235 });
  });

  it("lets nobody who is not the container's user make files of root's", async () => {
    const source = await bind(":idmap=auto", { uid: 0, gid: 0 });
    writeFileSync(join(source, "made"), "");
    // Who has the owner's number in the container is nobody on the host.
    chownSync(join(source, "made"), 1234, 1235);
    expect(statSync(join(folder(), "made")).uid).toBe(2_147_483_645);
  });

  it("is shown as it is: without the wish, for the owner himself, and when it is root's", async () => {
    expect(await bind("", { uid: 0, gid: 0 })).toBe(folder());
    await at().volumes.release("c", { removeAnonymous: true });
    expect(await bind(":idmap=auto", { uid: 1234, gid: 1235 })).toBe(folder());
    chownSync(folder(), 0, 0);
    expect(await bind(":idmap=auto", { uid: 77, gid: 77 })).toBe(folder());
  });

  it("is the daemon's default where it is so set, unless a bind says no", async () => {
    at().volumes = at().open({}, { bindOwner: "auto" });
    expect(await bind("", { uid: 0, gid: 0 })).not.toBe(folder());
    await at().volumes.unmount("c");
    expect(await bind(":idmap=off", { uid: 0, gid: 0 })).toBe(folder());
    // The kernel maps nobody in /proc.
    const mounts = await at().plan("c", { Binds: ["/proc/self:/p"] });
    expect((await at().prepare("c", mounts, { uid: 5, gid: 5 }))[0]?.source).toBe("/proc/self");
  });

  it("is refused by name where the file system cannot do it", async () => {
    chownSync(folder(), 1234, 1235);
    const mounts = await at().plan("c", { Binds: [`/proc/${process.ppid}:/p:idmap=auto`] });
    const outcome = await at()
      .prepare("c", mounts, { uid: 5, gid: 5 })
      .then(
        ([mount]) => mount?.source,
        (error: unknown) => String(error),
      );
    // Its owner is root, and then it is shown as it is.
    expect(outcome).toMatch(/idmap=auto: the owners of|^\/proc\/\d+$/);
  });

  it("maps one to one", () => {
    const seen = (id: number, { uids }: ReturnType<typeof ownerMapping>): number | undefined => {
      const range = uids.find(({ containerID, size }) => id >= containerID && id < containerID + size);
      return range && range.hostID + (id - range.containerID);
    };
    for (const [owner, user] of [
      [1000, 0],
      [5, 70],
      [70, 5],
      [1000, 1000],
      [1000, 999],
    ] as const) {
      const mapping = ownerMapping({ uid: owner, gid: owner }, { uid: user, gid: user });
      expect(seen(owner, mapping)).toBe(user);
      const ids = [0, 5, 70, 998, 999, 1000, 1001, 2_147_483_645, 4_294_967_294];
      expect(new Set(ids.map((id) => seen(id, mapping))).size).toBe(ids.length);
    }
  });
});
