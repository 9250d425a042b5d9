import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, openSync, closeSync, rmSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { useDaemon } from "../support/daemon.ts";
import { descriptorsOf, gained } from "../support/descriptors.ts";
import { eventually } from "../support/eventually.ts";
import { busyboxArchive } from "../support/images.ts";
import { residueOf } from "../support/residue.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const { instance } = daemon;
const { dataRoot, execRoot, vethPrefix, nftTable } = instance;
const ID = "f".repeat(64);

const run = (command: string): void => void execFileSync("sh", ["-ec", command]);

function makeFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
}

function changeRow(sql: string): void {
  using database = new DatabaseSync(join(dataRoot, "dhow.db"));
  database.exec(sql);
}

/** One leak of each kind that an engine can leave behind: how it is planted, how it is taken back, and the line that has to tell of it. */
const leaks: readonly { kind: string; plant: () => unknown; uproot: () => unknown; line: RegExp }[] = [
  {
    kind: "a mount",
    plant: () => run(`mkdir -p ${dataRoot}/leak && mount -t tmpfs leak ${dataRoot}/leak`),
    uproot: () => run(`umount ${dataRoot}/leak && rmdir ${dataRoot}/leak`),
    line: /^mount .*\/leak$/,
  },
  {
    kind: "a network namespace",
    plant: () => run(`mkdir -p ${execRoot}/netns && touch ${execRoot}/netns/leak && unshare --net=${execRoot}/netns/leak true`),
    uproot: () => run(`umount ${execRoot}/netns/leak && rm ${execRoot}/netns/leak`),
    line: /^netns .*\/leak$/,
  },
  {
    kind: "a veth pair",
    plant: () => run(`ip link add ${vethPrefix}leak0 type veth peer name ${vethPrefix}leak1`),
    uproot: () => run(`ip link del ${vethPrefix}leak0`),
    line: /^link d\w+leak0$/,
  },
  {
    kind: "a bridge",
    plant: () => run(`ip link add ${vethPrefix}bleak type bridge`),
    uproot: () => run(`ip link del ${vethPrefix}bleak`),
    line: /^link d\w+bleak$/,
  },
  {
    kind: "a rule in the instance's table",
    plant: () => run(`nft add table inet ${nftTable} && nft add chain inet ${nftTable} leak`),
    uproot: () => run(`nft delete chain inet ${nftTable} leak`),
    line: /^nft chain leak \{$/,
  },
  {
    kind: "a rule in somebody else's table",
    plant: () =>
      run(
        `nft add table ip leak-${instance.name}x && nft add chain ip leak-${instance.name}x c && nft add rule ip leak-${instance.name}x c accept comment '"instance ${instance.name}"'`,
      ),
    uproot: () => run(`nft delete table ip leak-${instance.name}x`),
    line: /^nft rule accept comment/,
  },
  {
    kind: "a control group",
    plant: () => mkdirSync(`/sys/fs/cgroup/pids${instance.cgroupParent}/leak`, { recursive: true }),
    uproot: () => rmdirSync(`/sys/fs/cgroup/pids${instance.cgroupParent}/leak`),
    line: /^cgroup .*\/leak$/,
  },
  { kind: "a half-written blob", ...file(`${dataRoot}/content/ingest/leak`) },
  { kind: "a half-made layer", ...file(`${dataRoot}/snapshots/overlay2/staging/leak`) },
  { kind: "a writable root", ...file(`${dataRoot}/snapshots/overlay2/writables/${ID}`) },
  { kind: "a container's folder", ...file(`${dataRoot}/containers/${ID}`) },
  { kind: "a bundle", ...file(`${execRoot}/bundles/${ID}`) },
  { kind: "an exit code", ...file(`${execRoot}/exits/${ID}`) },
  { kind: "a monitor's record", ...file(`${execRoot}/monitors/${ID}.json`) },
  { kind: "a half-written file", ...file(`${dataRoot}/engine-id.tmp`) },
  { kind: "a temporary file outside the roots", ...file(join(tmpdir(), `${instance.name}-leak`)) },
  {
    kind: "a row",
    plant: () => changeRow(`INSERT INTO container_removals VALUES ('${ID}', 0)`),
    uproot: () => changeRow(`DELETE FROM container_removals WHERE id = '${ID}'`),
    line: /^row container_removals f+$/,
  },
];

function file(path: string): { plant: () => void; uproot: () => void; line: RegExp } {
  const name = path.split("/").at(-1) ?? "";
  return { plant: () => makeFile(path), uproot: () => rmSync(path), line: new RegExp(`^file .*${name}$`) };
}

describe("the residue that every test file is checked for", () => {
  it.each(leaks)("tells of $kind", async ({ plant, uproot, line }) => {
    const telling = (): string[] => residueOf(instance).filter((one) => line.test(one));
    expect(telling()).toEqual([]);
    await plant();
    try {
      expect(telling()).toHaveLength(1);
    } finally {
      await uproot();
    }
    expect(telling()).toEqual([]);
  });

  it.each([
    ["names the instance's files", () => spawn("sleep", ["100", `${dataRoot}/x`].slice(0, 1), { argv0: `sleep-${dataRoot}` })],
    ["stands in one of its folders", () => spawn("sleep", ["100"], { cwd: dataRoot })],
    ["has one of its files open", () => spawn("setsid", ["--fork", "sh", "-c", `exec sleep 100 < ${dataRoot}/engine-id`])],
  ])("tells of a process that %s", async (_, start) => {
    const sleepers = (): string[] => residueOf(instance).filter((line) => /^process \d+ .*sleep/.test(line));
    const child = start();
    child.on("error", () => {});
    const line = await eventually(() => {
      const [found] = sleepers();
      if (found === undefined) throw new Error("it is not seen");
      return found;
    });
    process.kill(Number(line.split(" ")[1]), "SIGKILL");
    await eventually(() => expect(sleepers()).toEqual([]));
  });

  it("and the count of descriptors tells of one that is open", () => {
    const before = descriptorsOf(process.pid);
    const fd = openSync(join(dataRoot, "engine-id"), "r");
    expect(gained(before, descriptorsOf(process.pid))).toEqual([`${join(dataRoot, "engine-id")} +1`]);
    closeSync(fd);
    expect(gained(before, descriptorsOf(process.pid))).toEqual([]);
  });
});
