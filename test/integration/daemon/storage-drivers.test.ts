/** The drivers that are not the usual one, each under a whole daemon: what users do goes by all of them. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { packTar } from "#lib/tar-pack.ts";
import { BtrfsDisk, whyNoBtrfs } from "#sys/btrfs/testing.ts";
import { useDaemon } from "../../support/daemon.ts";
import { dhowCli } from "../../support/dhow-cli.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

if (whyNoBtrfs !== undefined) console.warn(`tests on btrfs are skipped: ${whyNoBtrfs}`);

/** A folder on a file system that the driver works on, and how it goes. */
interface Place {
  readonly root: string;
  remove(): void;
}

function plainPlace(): Place {
  const root = mkdtempSync(join(tmpdir(), "dhow-driver-"));
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

describe.skipIf(whyNoBtrfs !== undefined)("btrfs", () => {
  tryDriver("btrfs", whyNoBtrfs === undefined ? new BtrfsDisk(1024) : plainPlace());
});
describe("vfs", () => {
  tryDriver("vfs", plainPlace());
});

function tryDriver(name: string, place: Place): void {
  // Behind the daemon's own end: hooks run in reverse.
  afterAll(() => place.remove());
  const daemon = useDaemon({ images: [busyboxArchive], dataRoot: join(place.root, "data"), flags: [`--storage-driver=${name}`] });
  const docker = new DockerCli(daemon);
  const held = (kind: string): string[] => readdirSync(join(place.root, "data/snapshots", name, kind));

  it("runs, copies, commits, builds and lives through a crash", { timeout: 240_000 }, async () => {
    expect(await docker.ok("info", "--format", "{{.Driver}}")).toBe(name);
    const container = await docker.ok(
      "run",
      "-d",
      "--name",
      `${name}-one`,
      BUSYBOX,
      "sh",
      "-c",
      "echo one > /made; rm /bin/wc; exec sleep 600",
    );
    await docker.ok("cp", "/etc/hostname", `${container}:/copied`);
    const changes = await eventually(async () => {
      const said = (await docker.ok("diff", container)).split("\n");
      expect(said).toContain("A /made");
      return said;
    });
    expect(changes.toSorted()).toEqual(["A /copied", "A /made", "C /bin", "D /bin/wc"]);
    await daemon.kill();
    await daemon.start();
    expect(await docker.ok("exec", container, "cat", "/made")).toBe("one");
    await docker.ok("commit", container, "committed:1");
    expect(await docker.ok("run", "--rm", "committed:1", "sh", "-c", "cat /made; ls /copied; ls /bin/wc 2>/dev/null || echo gone")).toBe(
      "one\n/copied\ngone",
    );
    const context = packTar([
      {
        name: "Dockerfile",
        type: "file",
        mode: 0o644,
        data: Buffer.from("FROM committed:1\nRUN echo two >> /made\nCOPY Dockerfile /made.from\n"),
      },
    ]);
    const built = await daemon.api("POST", "/build?t=built:1", context);
    expect(built.text).toContain("Successfully built");
    expect(await docker.ok("run", "--rm", "built:1", "sh", "-c", "cat /made; ls /made.from")).toBe("one\ntwo\n/made.from");
    await docker.ok("restart", "-t", "0", container);
    expect(await docker.ok("exec", container, "cat", "/copied")).not.toBe("");
    expect(await dhowCli(daemon).ok("system", "doctor")).toContain("all is well");
  });

  it("leaves nothing of what is removed", async () => {
    // A second try finds some of it gone.
    for (const path of [`/containers/${name}-one?force=1`, "/images/built:1", "/images/committed:1"])
      expect([200, 204, 404]).toContain((await daemon.api("DELETE", path)).status);
    await docker.ok("builder", "prune", "-af");
    expect(held("layers").length).toBeLessThan(2);
    expect([200, 404]).toContain((await daemon.api("DELETE", `/images/${BUSYBOX}`)).status);
    await eventually(() => expect([held("layers"), held("writables"), held("staging")]).toEqual([[], [], []]));
  });
}
