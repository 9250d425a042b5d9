import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { useDaemon, type Answer } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { busyboxArchive } from "../../support/images.ts";
import { hasShared, shared } from "../../support/peers.ts";

/**
 * Layers that try to write or read outside their root, to hide what lies below them, or to wedge the daemon (docs/security.md). Each is
 * loaded, run and removed; a canary folder on the host has to stay as it is. The generator is reference material: without it they are skipped.
 */
const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

const work = mkdtempSync(join(tmpdir(), "hostile-"));
const canary = mkdtempSync(join(tmpdir(), "canary-"));
writeFileSync(join(canary, "canary"), "CANARY\n", { mode: 0o600 });
afterAll(() => [work, canary].forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const generator = join(shared, "tools/attack/mkimg.py");
/**
 * Those that reach beyond unpacking: into what the engine and the runtimes do with a root. All of them, by every way into the store, are in
 * hostile-transports.test.ts.
 */
const names = [
  "sym-chain",
  "swap",
  "hard-write",
  "wh-sym",
  "opq-root",
  "devdir",
  "procsym",
  "syssym",
  "etcsym",
  "passwdsym",
  "passwdfifo",
  "passwdhuge",
  "longname",
  "ctl",
  "negid",
];

/** What the folder holds, to the mode and the byte. */
function imprint(): string {
  return readdirSync(canary)
    .map(
      (name) =>
        `${name} ${statSync(join(canary, name)).mode.toString(8)} ${statSync(join(canary, name)).nlink} ${readFileSync(join(canary, name), "utf8")}`,
    )
    .join("\n");
}

const clean = imprint();

function generate(name: string): Buffer {
  const file = join(work, `${name}.tar`);
  execFileSync("python3", [generator, name, file, canary]);
  const archive = readFileSync(file);
  rmSync(file);
  return archive;
}

const load = (archive: Buffer): Promise<Answer> => daemon.api("POST", "/images/load", archive);

const loaded = (answer: Answer): boolean => answer.status === 200 && !answer.text.includes('"error"');

/** Cases that are legal, odd as they are: a correct engine loads them. */
const LEGAL = ["abs", "suid", "dev", "deep", "many", "dupdir", "negid", "passwdhuge", "passwdfifo", "passwdsym"];

describe.skipIf(!hasShared)("P01, P02, P04: a hostile layer", () => {
  it.each(names)("%s: the host stays as it was, the daemon answers, nothing is stuck", async (name) => {
    const archive = generate(name);
    const before = daemon.residentMegabytes();
    const began = Date.now();
    const answer = await load(archive);
    expect(Date.now() - began).toBeLessThan(30_000);
    if (LEGAL.includes(name)) expect(answer.text).not.toContain('"error"');
    if (loaded(answer)) {
      const { stdout, stderr } = await docker.run(
        [
          "run",
          "--rm",
          "--pull",
          "never",
          "--name",
          name,
          `evil:${name}`,
          "sh",
          "-c",
          "id -u; cat /leak /lnk/canary /stolen/passwd /lower/keep 2>&1",
        ],
        { timeout: 5_000 },
      );
      expect(stderr).not.toContain("No such image");
      expect(stdout).not.toContain("CANARY");
      expect(stdout).not.toContain("root:x:0:0:root:/root:/bin/bash");
    }
    expect(imprint()).toBe(clean);
    expect((await daemon.api("GET", "/_ping")).status).toBe(200);
    // Its own /etc/passwd may hold up a program inside for ever; the engine it must not.
    expect([204, 404]).toContain((await daemon.api("DELETE", `/containers/${name}?force=1`)).status);
    await daemon.api("DELETE", `/images/evil:${name}?force=1`);
    expect(daemon.residentMegabytes() - before).toBeLessThan(200);
  });

  it.each(["xattr-opq", "xattr-redir", "xattr-meta", "xattr-user", "raw-wh"])(
    "P03: %s: what lies below stays visible, or the layer is refused",
    async (name) => {
      const answer = await load(generate(name));
      if (loaded(answer)) {
        const kept = await docker.ok("run", "--rm", `evil:${name}`, "sh", "-c", "cat /lower/keep; ls /stolen 2>/dev/null | wc -l");
        // xattr-meta brings an empty file of that name, which is its right; what it points at is not.
        expect(kept).toBe(name === "xattr-meta" ? "0" : "keep\n0");
        await docker.ok("rmi", `evil:${name}`);
      } else expect(answer.text).toMatch(/lower\/keep|overlay/);
      const stored = execFileSync(
        "sh",
        [
          "-c",
          `find ${daemon.instance.dataRoot} -type d -name lower -exec getfattr -m 'overlay.(opaque|redirect|metacopy)' {} + 2>/dev/null || true`,
        ],
        { encoding: "utf8" },
      );
      expect(stored).toBe("");
    },
  );

  it("dev: device files from a layer open nothing", async () => {
    await load(generate("dev"));
    const { stdout, stderr } = await docker.run(["run", "--rm", "evil:dev", "sh", "-c", "cat /disk /kmsg"]);
    expect(stdout).toBe("");
    expect(stderr.match(/Operation not permitted/g)).toHaveLength(2);
    await docker.ok("rmi", "evil:dev");
  });

  it("suid: no-new-privileges keeps a set-user-id program from gaining anything", async () => {
    await load(generate("suid"));
    expect(
      await docker.ok(
        "run",
        "--rm",
        "--security-opt",
        "no-new-privileges",
        "-u",
        "1000",
        "evil:suid",
        "sh",
        "-c",
        "exec -a id /bin/rootsh -u",
      ),
    ).toBe("1000");
    await docker.ok("rmi", "evil:suid");
  });
});
