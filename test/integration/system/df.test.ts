import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { packTar, type TarEntry } from "#lib/tar-pack.ts";
import { containerPaths } from "#container/record/paths.ts";
import { useDaemon } from "../../support/daemon.ts";
import { dhowCli } from "../../support/dhow-cli.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

/** Bytes below a folder, without the folder itself. */
function du(folder: string): number {
  const bytesOf = (...flags: string[]): number =>
    Number.parseInt(execFileSync("du", ["-s", "-B1", ...flags, folder], { encoding: "utf8" }), 10);
  return bytesOf() - Number(execFileSync("stat", ["-c", "%b", folder], { encoding: "utf8" })) * 512;
}

/** What the store has on the disk of images: unpacked layers, and blobs. */
function duOfImages(): { layers: number; blobs: number } {
  const { dataRoot } = daemon.instance;
  const [layers, blobs] = [join(dataRoot, "snapshots/overlay2/layers"), join(dataRoot, "content/blobs/sha256")];
  return { layers: readdirSync(layers).reduce((sum, name) => sum + du(join(layers, name, "fs")), 0), blobs: du(blobs) };
}

interface Usage {
  readonly LayersSize: number;
  readonly ArchivesSize: number;
  readonly Images: readonly { Size: number; SharedSize: number; SizeArchives: number }[];
  readonly BuildCache: readonly { Size: number; Shared: boolean }[];
  readonly Containers: readonly { Id: string; SizeRw: number; SizeRootFs: number; SizeLogs: number }[];
  readonly Volumes: readonly { Name: string; UsageData: { Size: number; RefCount: number } }[];
}

it("equals du, logs included, however often it is asked at once", async () => {
  const script =
    "head -c 3000000 /dev/urandom > /file; mkdir /d; echo x > /d/x; ln /file /link; head -c 500000 /dev/zero > /data/zero; seq 1 50000";
  const id = (await docker.ok("run", "-d", "-v", "data:/data", BUSYBOX, "sh", "-c", script)).trim();
  await docker.ok("wait", id);
  const logs = containerPaths(daemon.instance, id).logs;
  const mountpoint = (await docker.ok("volume", "inspect", "-f", "{{.Mountpoint}}", "data")).trim();
  const [found = ""] = execFileSync("find", [join(daemon.instance.dataRoot, "snapshots"), "-path", "*/upper/link", "-printf", "%h"], {
    encoding: "utf8",
  }).split("\n");
  // The upper folder is flushed when its mount goes, a moment after the end.
  await eventually(async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => daemon.api("GET", "/v1.51/system/df")));
    for (const { json } of answers) {
      const { Containers, Volumes } = json as Usage;
      const [container] = Containers;
      expect(container).toMatchObject({ Id: id, SizeRw: du(found) + du(logs), SizeLogs: du(logs) });
      expect(container?.SizeRw).toBeGreaterThan(5_500_000);
      expect(container?.SizeRootFs).toBeGreaterThan((container?.SizeRw ?? 0) + 1_000_000);
      expect(Volumes).toMatchObject([{ Name: "data", UsageData: { Size: du(mountpoint), RefCount: 1 } }]);
    }
  });
  expect(await docker.ok("system", "df")).toMatch(/^Containers +1 +0 +[\d.]+MB +[\d.]+MB \(100%\)$/m);
  expect(await docker.ok("system", "df", "-v")).toContain("data");
});

it("counts of images what they have unpacked and what is kept for pushes, and all that grows on the disk", async () => {
  const usage = async (): Promise<Usage> => (await daemon.api("GET", "/v1.51/system/df")).json as Usage;
  const total = ({ LayersSize, Containers, Volumes, BuildCache }: Usage): number =>
    LayersSize +
    Containers.reduce((sum, { SizeRw }) => sum + SizeRw, 0) +
    Volumes.reduce((sum, { UsageData }) => sum + UsageData.Size, 0) +
    BuildCache.filter(({ Shared }) => !Shared).reduce((sum, { Size }) => sum + Size, 0);
  const before = { df: await usage(), du: du(daemon.instance.dataRoot) };
  const context = packTar([
    file("Dockerfile", `FROM ${BUSYBOX}\nCOPY noise /noise\nRUN head -c 2000000 /dev/urandom > /more\n`),
    file("noise", randomBytes(3_000_000)),
  ]);
  const built = await daemon.api("POST", "/build?t=grown:1", context);
  expect([built.status, built.text]).toEqual([200, expect.stringContaining("Successfully built")]);
  const after = await eventually(async () => {
    const now = { df: await usage(), du: du(daemon.instance.dataRoot) };
    const grown = { df: total(now.df) - total(before.df), du: now.du - before.du };
    expect(grown.df).toBeGreaterThan(10_000_000);
    // Folders and rows of the database are not told of.
    expect(Math.abs(grown.du - grown.df)).toBeLessThan(600_000);
    return now;
  });
  const { layers, blobs } = duOfImages();
  expect(after.df).toMatchObject({ LayersSize: layers + blobs, ArchivesSize: blobs });
  for (const { Size, SharedSize, SizeArchives } of after.df.Images) {
    expect(SizeArchives).toBeGreaterThan(1_000_000);
    expect(Size).toBeGreaterThan(SizeArchives);
    // The image that the other was built from has nothing of its own but its configuration.
    expect(Size).toBeGreaterThan(SharedSize);
  }
  expect(await dhowCli(daemon).ok("system", "df")).toMatch(/^Images +2 +1 +[\d.]+MB +0B +[\d.]+MB +[\d.]+MB \(\d+%\)$/m);
  await docker.ok("rmi", "grown:1");
  await docker.ok("builder", "prune", "-af");
  await eventually(async () => {
    expect(Math.abs(du(daemon.instance.dataRoot) - before.du)).toBeLessThan(600_000);
    expect(total(await usage())).toBeLessThanOrEqual(total(before.df));
  });
});

const file = (name: string, data: string | Buffer): TarEntry => ({ name, type: "file", mode: 0o644, data: Buffer.from(data) });
