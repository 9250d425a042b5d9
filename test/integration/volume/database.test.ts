import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packTar } from "#lib/tar-pack.ts";
import { dockerArchive } from "../../../scripts/hello/docker-archive.ts";
import { busyboxLayer } from "../../../scripts/hello/rootfs.ts";
import { useDaemon } from "../../support/daemon.ts";
import { dhowCli } from "../../support/dhow-cli.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { peers } from "../../support/peers.ts";

/** PostgreSQL as Debian packages it, from the host's /usr: its rows are the witness that volumes lose nothing. */
const IMAGE = "test/postgres:15";
const DATA = "/var/lib/postgresql/data";
const NOBODY = 65_534;
const binaries = foldersOf("/usr/lib/postgresql")
  .map((version) => join("/usr/lib/postgresql", version, "bin"))
  .at(-1);

/** Makes a database where there is none, and serves it. */
const ENTRYPOINT = `#!/bin/sh -e
[ -s ${DATA}/db/PG_VERSION ] || initdb -D ${DATA}/db -U postgres -A trust --no-locale --data-checksums --no-sync >/dev/null
exec postgres -D ${DATA}/db -k /tmp -c listen_addresses= -c shared_buffers=8MB
`;

function foldersOf(path: string): string[] {
  try {
    return readdirSync(path).toSorted();
  } catch {
    return [];
  }
}

/** As the official image: an entry point, and a volume whose folder is the database user's. */
function postgresArchive(): Buffer {
  const config = {
    Env: [`PATH=/bin:${binaries}`],
    User: "nobody",
    Entrypoint: ["/entrypoint.sh"],
    Volumes: { [DATA]: {} },
  };
  const layer = packTar([
    { name: "entrypoint.sh", type: "file", mode: 0o755, data: Buffer.from(ENTRYPOINT) },
    ...["var/lib/", "var/lib/postgresql/"].map((name) => ({ name, type: "directory" as const, mode: 0o755 })),
    { name: `${DATA.slice(1)}/`, type: "directory", mode: 0o700, uid: NOBODY, gid: NOBODY },
  ]);
  return dockerArchive([{ reference: IMAGE, layers: [busyboxLayer(), layer], config }]);
}

describe.skipIf(binaries === undefined)("a database in a volume", () => {
  const daemon = useDaemon({ images: [postgresArchive] });
  const docker = new DockerCli(daemon);
  const host = ["/usr:/usr", "/usr/lib:/lib", "/usr/lib64:/lib64"].flatMap((bind) => ["-v", `${bind}:ro`]);

  const serve = async (name: string, volume: string): Promise<void> => {
    await docker.ok("run", "-d", "--name", name, ...host, "-v", `${volume}:${DATA}`, IMAGE);
    await eventually(() => sql(name, "SELECT 1"));
  };
  const sql = (name: string, text: string): Promise<string> =>
    docker.ok("exec", name, "psql", "-h", "/tmp", "-U", "postgres", "-qtAc", text);

  /** Inserts 1, 2, 3 … each in a transaction of its own; `last` is the last one of which the database has said that it is there for ever. */
  const writer = (name: string, from: number): { readonly last: () => number; readonly ended: Promise<void> } => {
    const loop = `i=${from}; while psql -h /tmp -U postgres -qtAc "INSERT INTO rows VALUES ($i, repeat('x', 500))"; do echo $i; i=$((i+1)); done`;
    const child = spawn(peers()["DOCKER"] ?? "docker", ["-H", daemon.host, "exec", name, "sh", "-c", loop], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    const last = (): number => Number(text.slice(0, text.lastIndexOf("\n")).split("\n").at(-1) ?? from - 1);
    return { last, ended: new Promise((resolve) => child.once("close", () => resolve())) };
  };
  const wrote = async ({ last }: ReturnType<typeof writer>, count: number): Promise<void> =>
    await eventually(() => expect(last()).toBeGreaterThanOrEqual(count));

  /** Every row up to some number, none twice, each as it was written (checksums included: all pages are read). */
  const rowsOf = async (name: string): Promise<number> => {
    const [count = -1, most = -2, whole = -3] = (
      await sql(name, "SELECT count(*), max(id), count(*) FILTER (WHERE text = repeat('x', 500)) FROM rows")
    )
      .split("|")
      .map(Number);
    expect([most, whole]).toEqual([count, count]);
    return count;
  };

  it("keeps every committed row: when the daemon is killed, its container replaced, and in a copy made under load", async () => {
    await serve("database", "pg-data");
    await sql("database", "CREATE TABLE rows (id integer PRIMARY KEY, text text NOT NULL)");
    const first = writer("database", 1);
    await wrote(first, 20);
    await daemon.kill();
    await first.ended;
    const committed = first.last();
    await daemon.start();
    // It ran on, and so did what wrote to it until nobody read what it said.
    await docker.ok("exec", "database", "pkill", "-f", "while psql").catch(() => undefined);
    expect(await rowsOf("database")).toBeGreaterThanOrEqual(committed);

    const second = writer("database", (await rowsOf("database")) + 1);
    await wrote(second, committed + 20);
    const beforeCopy = second.last();
    await dhowCli(daemon).ok("volume", "clone", "pg-data", "pg-copy");
    await docker.ok("rm", "-f", "-v", "database");
    await second.ended;
    await serve("copied", "pg-copy");
    expect(await rowsOf("copied")).toBeGreaterThanOrEqual(beforeCopy);
    await docker.ok("rm", "-f", "-v", "copied");

    await serve("replaced", "pg-data");
    const kept = await rowsOf("replaced");
    expect(kept).toBeGreaterThanOrEqual(second.last());
    // Killed with its container on the way out: whatever was done of it, a new one finds the rows.
    const leaving = docker.run(["rm", "-f", "replaced"]);
    await daemon.kill();
    await leaving;
    await daemon.start();
    await docker.run(["rm", "-f", "replaced"]);
    await serve("again", "pg-data");
    expect(await rowsOf("again")).toBe(kept);
    await docker.ok("rm", "-f", "-v", "again");
    await docker.ok("volume", "rm", "pg-data", "pg-copy");
  });
});
