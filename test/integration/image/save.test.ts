import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packTar } from "#lib/tar-pack.ts";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { BUSYBOX, busyboxArchive, busyboxImage } from "../../support/images.ts";
import { TestRegistry } from "../../support/registry.ts";

const daemon = useDaemon();
const docker = new DockerCli(daemon);
const folder = mkdtempSync(join(tmpdir(), "dhow-save-"));
let registry: TestRegistry;
/** A layer that nothing else here has. */
const own = packTar([{ name: "own", type: "file", mode: 0o644, data: Buffer.from("own") }]);

beforeAll(async () => {
  registry = await TestRegistry.start();
});
afterAll(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
});

const idOf = (reference: string): Promise<string> => docker.ok("image", "inspect", "--format", "{{.Id}}", reference);

describe("docker save and load", () => {
  it("of several images: all are back as they were, and one that was pulled is pushed with the digest it had", async () => {
    const digest = await registry.push("team/app", "1", { ...busyboxImage(), layers: [...busyboxImage().layers, own] });
    const pulled = `${registry.host}/team/app:1`;
    // Before anything has the same layers in another form.
    await docker.ok("pull", pulled);
    await daemon.load(busyboxArchive());
    const container = await docker.ok("create", BUSYBOX, "true");
    await docker.ok("cp", "/etc/hostname", `${container}:/added`);
    await docker.ok("commit", container, "committed:1");
    await docker.ok("rm", container);
    const names = [pulled, "committed:1", BUSYBOX];
    const ids = await Promise.all(names.map(idOf));

    const archive = join(folder, "images.tar");
    await docker.ok("save", "-o", archive, ...names);
    await docker.ok("rmi", "-f", ...names);
    const said = await docker.ok("load", "-i", archive);
    for (const name of names) expect(said).toContain(`Loaded image: ${name}`);
    expect(await Promise.all(names.map(idOf))).toEqual(ids);
    expect(await docker.ok("run", "--rm", "committed:1", "ls", "/added")).toBe("/added");
    expect(await docker.ok("push", pulled)).toContain(`1: digest: ${digest}`);

    const again = join(folder, "again.tar");
    await docker.ok("save", "-o", again, ...names);
    const hash = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
    expect(hash(again)).toBe(hash(archive));
  });

  it("says what is missing, and sends nothing", async () => {
    const { code, stderr } = await docker.run(["save", "-o", join(folder, "none.tar"), BUSYBOX, "missing:1"]);
    expect([code, stderr.trim()]).toEqual([1, "Error response from daemon: No such image: missing:1"]);
    const { code: other, stderr: words } = await docker.run(["save", "--platform", "linux/s390x", "-o", join(folder, "none.tar"), BUSYBOX]);
    expect([other, words]).toEqual([1, expect.stringContaining("does not match the specified platform")]);
  });
});
