import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { packTar } from "#lib/tar-pack.ts";
import { type Canary, CANARY_TEXT, makeCanary } from "#store/testing/canary.ts";
import { download, entriesOf } from "../../support/archives.ts";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { scaled } from "../../support/scale.ts";

/**
 * Containers that change their folders while files are copied (P12, P13 of the threat model): no byte of the host is read or written.
 * The canary lies on the host, at a path that exists in no container.
 */
const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);
const ROUNDS = scaled(800, 2000);
const RACE_MS = scaled(4000, 60_000);

const canary = (): string => join(daemon.folder, "host");
const url = (name: string, path: string): string => `/containers/${name}/archive?path=${encodeURIComponent(path)}`;
const mounts = (): string => readFileSync(`/proc/${daemon.pid}/mountinfo`, "utf8");

let host: Canary;
let before: unknown;

beforeAll(() => {
  host = makeCanary(canary());
  before = host.look();
});

/** The canary is as it was, nothing was added beside it, and no mount stays. */
function expectHostClean(): void {
  expect(host.look()).toEqual(before);
  expect(mounts()).not.toContain(canary());
}

describe("links to places of the host (CVE-2018-15664, CVE-2019-10152)", () => {
  beforeAll(async () => {
    const script = `mkdir -p /w; ln -s ${canary()} /w/link; ln -s ${canary()}/canary /w/file; ln -s / /w/root; ln -s /proc/1/root /w/magic; sleep 1000`;
    await docker.ok("run", "-d", "--name", "links", "--network", "none", BUSYBOX, "sh", "-c", script);
    await docker.ok("exec", "links", "sh", "-c", "until [ -L /w/magic ]; do sleep 0.01; done");
  });

  it.each(["/w/link/canary", "/w/file/", "/w/magic/etc/hostname", "/w/link/", "/w/root/../../../../../../../../../..//w/link/canary"])(
    "are the container's: %s is not there",
    async (path) => {
      const { status, bytes } = await download(daemon, url("links", path));
      expect([status, bytes.toString().includes(CANARY_TEXT)]).toEqual([404, false]);
    },
  );

  it("are never written through", async () => {
    const entry = (name: string) => ({ name, type: "file" as const, mode: 0o644, data: Buffer.from("overwritten") });
    expect((await daemon.api("PUT", url("links", "/w/link"), packTar([entry("canary")]))).status).toBe(404);
    for (const name of ["link/canary", "magic/new", "file"]) await daemon.api("PUT", url("links", "/w"), packTar([entry(name)]));
    const chain = packTar([
      { name: "up", type: "symlink", mode: 0o777, linkname: "../../../../../../../.." },
      { name: "out", type: "symlink", mode: 0o777, linkname: `up${canary()}` },
      entry("out/canary"),
    ]);
    await daemon.api("PUT", url("links", "/tmp"), chain);
    expectHostClean();
  });
});

describe(`P12: copies while a link flips, ${ROUNDS} of them`, () => {
  beforeAll(async () => {
    // What `x` leads to in the container has the name of the canary's folder on the host.
    const script = `mkdir -p ${canary()} /safe${canary()}; echo contained > ${canary()}/canary; echo contained > /safe${canary()}/canary
      while :; do ln -sfn / /x; ln -sfn /safe /x; rm -f /x; mkdir -p /x; rmdir /x; done`;
    await docker.ok("run", "-d", "--name", "flips", "--network", "none", BUSYBOX, "sh", "-c", script);
  });

  it("reads what is the container's", async () => {
    const seen = new Set<string>();
    for (let round = 0; round < ROUNDS / 8; round++) {
      const answers = await Promise.all(Array.from({ length: 4 }, () => download(daemon, url("flips", `/x${canary()}/canary`))));
      for (const { status, bytes } of answers) {
        seen.add(status === 200 ? (entriesOf(bytes).get("canary")?.content.toString() ?? "gone") : String(status));
      }
    }
    expect([...seen].filter((content) => !["contained\n", "404", "400", "gone"].includes(content))).toEqual([]);
    expect(seen).toContain("contained\n");
  });

  it("writes into what is the container's", async () => {
    const archive = packTar([{ name: "canary", type: "file", mode: 0o644, data: Buffer.from("contained\n") }]);
    const statuses = new Set<number>();
    for (let round = 0; round < ROUNDS / 8; round++) {
      const answers = await Promise.all(Array.from({ length: 4 }, () => daemon.api("PUT", url("flips", `/x${canary()}`), archive)));
      for (const { status } of answers) statuses.add(status);
    }
    expect([...statuses].filter((status) => ![200, 400, 404, 409].includes(status))).toEqual([]);
    expect(statuses).toContain(200);
    expectHostClean();
    await docker.ok("rm", "-f", "flips");
  });
});

describe("a volume whose target moves (P13, CVE-2026-41568, CVE-2026-42306)", () => {
  it("is mounted in the container, or not at all", async () => {
    const source = join(daemon.folder, "source");
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, "mine"), "of the volume");
    const script = `while :; do mv /race/x /race/y; ln -s ${canary()} /race/x; rm /race/x; mv /race/y /race/x; done`;
    await docker.ok("run", "-d", "--name", "races", "--network", "none", "-v", `${source}:/race/x/vol`, BUSYBOX, "sh", "-c", script);
    const archive = packTar([{ name: "put", type: "file", mode: 0o644, data: Buffer.from("put") }]);
    const until = Date.now() + RACE_MS;
    const statuses = new Set<number>();
    while (Date.now() < until) {
      const answers = await Promise.all([
        daemon.api("HEAD", url("races", "/race/x/vol")),
        download(daemon, url("races", "/race/")),
        daemon.api("PUT", url("races", "/race/x"), archive),
        daemon.api("PUT", url("races", "/race/x/vol"), archive),
      ]);
      for (const { status } of answers) statuses.add(status);
      expect(answers[1].bytes.toString().includes(CANARY_TEXT)).toBe(false);
    }
    expect([...statuses].filter((status) => ![200, 400, 404, 409].includes(status))).toEqual([]);
    expect(readFileSync(join(source, "mine"), "utf8")).toBe("of the volume");
    await docker.ok("rm", "-f", "races");
    expectHostClean();
    expect(mounts()).not.toContain(source);
  });
});
