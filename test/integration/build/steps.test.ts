import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { packTar, type TarEntry } from "#lib/tar-pack.ts";
import { BUILD_SECRETS_HEADER, encodeBuildSecrets } from "#spec/build/secrets.ts";
import { download, entriesOf } from "../../support/archives.ts";
import { useDaemon } from "../../support/daemon.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

/** COPY, ADD and the mounts of RUN, as exact as BuildKit's, with what a hostile context or Dockerfile makes of them (security.md §1.5). */
const daemon = useDaemon({ images: [busyboxArchive] });
const canary = mkdtempSync(join(tmpdir(), "canary-"));
writeFileSync(join(canary, "secret"), "CANARY");
afterAll(() => rmSync(canary, { recursive: true, force: true }));

const file = (name: string, data = name, more: Partial<TarEntry> = {}): TarEntry => ({
  name,
  type: "file",
  mode: 0o644,
  data: Buffer.from(data),
  ...more,
});
const link = (name: string, linkname: string): TarEntry => ({ name, type: "symlink", mode: 0o777, linkname });
const dir = (name: string, mode = 0o755): TarEntry => ({ name, type: "directory", mode });

async function build(
  lines: readonly string[],
  entries: readonly TarEntry[] = [],
  query: Record<string, string> = {},
  secrets?: ReadonlyMap<string, Uint8Array>,
): Promise<string> {
  const body = packTar([file("Dockerfile", `${lines.join("\n")}\n`), ...entries]);
  const block = secrets === undefined ? Buffer.alloc(0) : encodeBuildSecrets(secrets);
  const headers = secrets === undefined ? {} : { [BUILD_SECRETS_HEADER]: String(block.length) };
  const path = `/build?${new URLSearchParams({ networkmode: "none", ...query }).toString()}`;
  return (await daemon.api("POST", path, Buffer.concat([block, body]), headers)).text;
}

/** What `find` and `cat` say of a folder of the image. */
async function look(folder: string, lines: readonly string[], entries: readonly TarEntry[] = []): Promise<string[]> {
  const show = `RUN cd ${folder} && find . -exec stat -c '%n %a %u:%g %F %N' {} + | sort | sed "s/regular.*/file/; s/symbolic link/link/; s/directory .*/directory/; s/'//g"`;
  const told = await build([...lines, show], entries);
  const shown = told
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { stream?: string; error?: string });
  const text = shown.map(({ stream = "", error = "" }) => stream + error).join("");
  return text
    .slice(text.lastIndexOf("Running in"))
    .split("\n")
    .filter((line) => line.startsWith("./") || line.startsWith("COPY") || line.startsWith("cannot"));
}

const context = [
  file("a.txt"),
  file("b.md"),
  dir("d/", 0o700),
  file("d/x", "x", { mode: 0o600, uid: 7, gid: 7 }),
  file("d/skip.log"),
  dir("d/e/"),
  file("d/e/y"),
  link("d/to-x", "x"),
  link("top", "d/x"),
  { name: "d/hard", type: "link", mode: 0o600, linkname: "d/x" } satisfies TarEntry,
];

describe("COPY", () => {
  it.each<[string, string, string[]]>([
    ["a file by another name", "COPY a.txt /t/z", ["./z 644 0:0 file"]],
    ["a file into a folder that is to be made", "COPY a.txt /t/n/", ["./n 755 0:0 directory", "./n/a.txt 644 0:0 file"]],
    ["wildcards", "COPY *.txt b.m? /t/", ["./a.txt 644 0:0 file", "./b.md 644 0:0 file"]],
    [
      "what is in a folder, its links as links",
      "COPY d /t",
      [
        "./e 755 0:0 directory",
        "./e/y 644 0:0 file",
        "./hard 600 0:0 file",
        "./skip.log 644 0:0 file",
        "./to-x 777 0:0 link ./to-x -> x",
        "./x 600 0:0 file",
      ],
    ],
    ["what a link at the end leads to", "COPY top /t/", ["./top 600 0:0 file"]],
    ["owners and modes", "COPY --chown=5:6 --chmod=0750 d/e /t/e", ["./e 755 5:6 directory", "./e/y 750 5:6 file"]],
    ["the folders above", "COPY --parents d/./e/y a.txt /t/", ["./a.txt 644 0:0 file", "./e 755 0:0 directory", "./e/y 644 0:0 file"]],
    [
      "all but some",
      "COPY --exclude=**/*.log --exclude=to-* --exclude=hard d /t",
      ["./e 755 0:0 directory", "./e/y 644 0:0 file", "./x 600 0:0 file"],
    ],
    ["another's archive as it is", "COPY t.tar.gz /t/", ["./t.tar.gz 644 0:0 file"]],
    ["an archive unpacked", "ADD t.tar.gz /t/", ["./in 755 0:0 directory", "./in/f 640 3:4 file"]],
  ])("takes %s", async (_, line, expected) => {
    const archive = gzipSync(packTar([dir("in/"), file("in/f", "f", { mode: 0o640, uid: 3, gid: 4 })]));
    const entries = [...context, { ...file("t.tar.gz"), data: archive }];
    expect(await look("/t", [`FROM ${BUSYBOX}`, line], entries)).toEqual(expected);
  });

  it("keeps owners of another stage, and links between names", async () => {
    const lines = [
      `FROM ${BUSYBOX} AS s`,
      "RUN mkdir /s && echo > /s/f && ln /s/f /s/g && chown 8:9 /s/f",
      `FROM ${BUSYBOX}`,
      "COPY --from=s /s /t",
    ];
    expect(await look("/t", lines)).toEqual(["./f 644 8:9 file", "./g 644 8:9 file"]);
  });

  it("goes through links of the image, and never out of it", async () => {
    const base = [`FROM ${BUSYBOX}`, `RUN mkdir /real && ln -s /real /way && ln -s ${canary} /out && ln -s ${canary}/secret /real/f`];
    expect(await look("/real", [...base, "COPY a.txt /way/"], context)).toEqual([
      "./a.txt 644 0:0 file",
      `./f 777 0:0 link ./f -> ${canary}/secret`,
    ]);
    // A link that leads nowhere in the image is replaced.
    expect(await look("/real", [...base, "COPY a.txt /real/f"], context)).toEqual(["./f 644 0:0 file"]);
    await build([...base, "COPY d /out/", "ADD a.txt /out/secret"], context);
    expect(readdirSync(canary)).toEqual(["secret"]);
    expect(readFileSync(join(canary, "secret"), "utf8")).toBe("CANARY");
  });

  it.each([
    ["a link out of it", "COPY evil /t", link("evil", `${canary}/secret`)],
    ["a link up and out of it", "COPY up/secret /t", link("up", `../../../../../../../../..${canary}`)],
    ["dots", `COPY ../../../../../../..${canary}/secret /t`, file("x")],
    [
      "a hard link out of it",
      "COPY h /t",
      { name: "h", type: "link", mode: 0o644, linkname: `../../../../../..${canary}/secret` } satisfies TarEntry,
    ],
    ["an archive with a way out", "ADD a.tar /t/", { ...file("a.tar"), data: packTar([link("l", canary), file("l/new", "x")]) }],
    ["a Dockerfile that is a link", "", link("Dockerfile", `${canary}/secret`)],
  ])("reads and writes nothing of the host by %s (P24)", async (_, line, entry) => {
    const told = await build([`FROM ${BUSYBOX}`, line, "RUN cat /t* /t/* 2>/dev/null; true"], [entry]);
    expect(told).not.toContain("CANARY");
    expect(readdirSync(canary)).toEqual(["secret"]);
  });

  it("says what it does not find", async () => {
    expect(await build([`FROM ${BUSYBOX}`, "COPY none /"])).toContain(
      "file not found in build context or excluded by .dockerignore: stat none",
    );
  });

  it("P11: runs no decompressor of the image's", async () => {
    const trojan = "#!/bin/sh\necho ran > /ran\n";
    const programs = ["xz", "unpigz", "zstd", "gzip"].map((name) => file(`bin/${name}`, trojan, { mode: 0o755 }));
    const xz = execFileSync("xz", ["-c"], { input: packTar([file("f")]) });
    const lines = [`FROM ${BUSYBOX}`, "COPY bin /usr/bin/", "COPY bin /usr/local/bin/", "ADD t.tar.xz /t/", "RUN ls /ran /t/f 2>&1; true"];
    const told = await build(lines, [dir("bin/"), ...programs, { ...file("t.tar.xz"), data: xz }]);
    expect(told).toContain("/t/f\\n");
    expect(told).toContain("/ran: No such file");
  });
});

describe("ADD of an address", () => {
  const address = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.internal === false && one.family === "IPv4")?.address;

  it.skipIf(address === undefined)("fetches a file, and holds it to its checksum", async () => {
    const server = createServer((_, response) => response.end("fetched"));
    await new Promise<void>((resolve) => void server.listen(0, address, resolve));
    try {
      const url = `http://${address}:${(server.address() as AddressInfo).port}/some/file.bin?x=1`;
      const digest = "8c1b4a1f6a4dd24cf3c9a2e7c3c2f0f5f2b8c0f2f7f3d9b3f1b9b9b6f1b9b9b6";
      expect(await look("/t", [`FROM ${BUSYBOX}`, `ADD ${url} /t/`])).toEqual(["./file.bin 600 0:0 file"]);
      expect(await build([`FROM ${BUSYBOX}`, `ADD --checksum=sha256:${digest} ${url} /t/`])).toContain("digest mismatch");
    } finally {
      server.close();
    }
  });

  it.each(["http://127.0.0.1:1/x", "http://169.254.169.254/latest", "http://localhost:2375/info"])(
    "does not go to %s (P24)",
    async (url) => {
      expect(await build([`FROM ${BUSYBOX}`, `ADD ${url} /t/`])).toContain("it belongs to this host or its link");
    },
  );
});

describe("RUN", () => {
  it("P06: has the sandbox of a container, and nothing of the daemon's environment", async () => {
    const told = await build([
      `FROM ${BUSYBOX}`,
      "RUN grep -E 'Seccomp:|CapInh|CapAmb|CapEff|NoNew' /proc/self/status; env | sort; hostname",
    ]);
    expect(told).toContain("Seccomp:\\t2");
    expect(told).toContain("CapInh:\\t0000000000000000");
    expect(told).toContain("CapAmb:\\t0000000000000000");
    expect(told).toContain("CapEff:\\t00000000a80425fb");
    const names = [...told.matchAll(/^(?:\{"stream":")?(\w+)=/gm)].map(([, name]) => name);
    expect(names.filter((name) => !["HOME", "HOSTNAME", "PATH", "PWD", "SHLVL"].includes(name ?? ""))).toEqual([]);
  });

  it.each([
    ["RUN --security=insecure true", "RUN --security=insecure is not allowed"],
    ["RUN --network=host true", "RUN --network=host is not allowed"],
    ["RUN --device=vendor.com/x=y,required true", "RUN --device=vendor.com/x=y is not allowed"],
  ])("refuses %s", async (line, message) => {
    expect(await build([`FROM ${BUSYBOX}`, line])).toContain(message);
  });

  it("mounts stages, contexts, caches and memory, and leaves no trace of them", async () => {
    const lines = [
      `FROM ${BUSYBOX} AS s`,
      `RUN mkdir -p /s/d && echo from-stage > /s/d/f && ln -s ${canary} /s/evil`,
      `FROM ${BUSYBOX}`,
      "RUN --mount=from=s,source=/s,target=/m cat /m/d/f; cat /m/evil/secret; touch /m/x; true",
      "RUN --mount=target=/c,rw echo changed > /c/a.txt && cat /c/a.txt",
      "RUN --mount=type=cache,id=../../../../../etc,target=/k echo line >> /k/log; wc -l < /k/log",
      "RUN --mount=type=tmpfs,target=/memory/deep touch /memory/deep/f; rm -rf /memory; ln -s /etc /memory; true",
      "RUN ls -d /m /c /k 2>&1; true",
    ];
    const told = await build(lines, context);
    for (const text of [
      "from-stage\\n",
      "cat: can't open '/m/evil/secret'",
      "touch: /m/x: Read-only file system",
      "changed\\n",
      '"1\\n"',
      "ls: /m: No such file",
      "ls: /k: No such file",
    ])
      expect(told).toContain(text);
    expect(told).not.toContain("CANARY");
    const again = await build([
      ...lines.slice(0, 3),
      "RUN --mount=type=cache,id=../../../../../etc,target=/k echo line >> /k/log; wc -l < /k/log; true",
    ]);
    expect(again).toContain('"2\\n"');
    const { BuildCache } = (await daemon.api("GET", "/v1.47/system/df?type=build-cache")).json as {
      BuildCache: { Type: string; ID: string }[];
    };
    const mounts = BuildCache.filter(({ Type }) => Type === "exec.cachemount");
    expect(mounts).toHaveLength(1);
    const filters = encodeURIComponent(JSON.stringify({ type: ["exec.cachemount"] }));
    expect((await daemon.api("POST", `/build/prune?filters=${filters}`)).json).toMatchObject({ CachesDeleted: [mounts[0]?.ID] });
    expect(readdirSync(join(daemon.instance.dataRoot, "builds/caches"))).toEqual([]);
  });

  it("has a secret for as long as it runs, and it is nowhere afterwards (P26)", async () => {
    const value = "hunter2-very-secret";
    const lines = [
      `FROM ${BUSYBOX}`,
      'RUN --mount=type=secret,id=s,mode=0440 --mount=type=secret,id=s,env=IT test -n "$IT" && echo $(wc -c < /run/secrets/s) $(stat -c %a /run/secrets/s)',
    ];
    const told = await build(lines, [], { t: "with-secret" }, new Map([["s", Buffer.from(value)]]));
    expect(told).toContain(`"${value.length} 440\\n"`);
    expect(await build([`FROM ${BUSYBOX}`, "RUN --mount=type=secret,id=none,required=true true"])).toContain("secret none: not found");
    const grep = execFileSync(
      "sh",
      ["-c", `grep -rl ${value} ${daemon.instance.dataRoot} ${daemon.instance.execRoot} ${join(daemon.folder, "daemon.log")} || true`],
      { encoding: "utf8" },
    );
    expect(grep).toBe("");
    expect((await daemon.api("GET", "/images/with-secret/history")).text + told).not.toContain(value);
  });

  it("is gone after a kill of the daemon, with all that it had", async () => {
    const body = packTar([file("Dockerfile", `FROM ${BUSYBOX}\nRUN --mount=type=secret,id=s echo begun; sleep 987\n`)]);
    const block = encodeBuildSecrets(new Map([["s", Buffer.from("x")]]));
    const headers = { [BUILD_SECRETS_HEADER]: String(block.length), "content-length": block.length + body.length };
    await new Promise<void>((resolve) => {
      const sent = request({ socketPath: daemon.socket, method: "POST", path: "/build?networkmode=none", headers }, (response) => {
        let told = "";
        response
          .on("error", () => undefined)
          .on("data", (chunk: Buffer) => {
            told += chunk.toString();
            if (told.includes('"begun\\n"')) resolve();
          });
      });
      sent.on("error", () => undefined).end(Buffer.concat([block, body]));
    });
    await daemon.kill();
    await daemon.start();
    await eventually(() => {
      expect(execFileSync("sh", ["-c", "pgrep -f 'sleep 987' | xargs -r ps -o args= -p | grep -v sh || true"], { encoding: "utf8" })).toBe(
        "",
      );
      for (const folder of ["builds/jobs", "snapshots/overlay2/writables"]) expect(contentOf(folder)).toEqual([]);
    });
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(join(daemon.instance.dataRoot, "builds"));
    expect(await build([`FROM ${BUSYBOX}`, "RUN echo again"])).toContain("Successfully built");
  });
});

describe("a reproducible build", () => {
  it("makes the same image twice, with no time later than it was told", async () => {
    const lines = [`FROM ${BUSYBOX}`, "WORKDIR /w", "COPY a.txt /w/", "RUN echo made > /w/made"];
    const args = { buildargs: JSON.stringify({ SOURCE_DATE_EPOCH: "1000000000" }), nocache: "1" };
    const ids = await Promise.all(
      ["one", "two"].map(async (name) => /sha256:[0-9a-f]{64}/.exec(await build(lines, context, { ...args, t: `repro:${name}` }))?.[0]),
    );
    expect(ids[0]).toBeDefined();
    expect(ids[1]).toBe(ids[0]);
    const image = (await daemon.api("GET", "/images/repro:one/json")).json as { Created: string };
    expect(image.Created).toBe("2001-09-09T01:46:40.000Z");
    const saved = entriesOf((await download(daemon, "/images/repro:one/get")).bytes);
    const blobs = [...saved]
      .filter(([name]) => name.startsWith("blobs/"))
      .flatMap(([, { content }]) => (content.subarray(257, 262).toString() === "ustar" ? [...entriesOf(content).values()] : []));
    const made = blobs.filter(({ path }) => path.startsWith("w/"));
    expect(made.map(({ path }) => path).toSorted()).toContain("w/made");
    expect(made.filter(({ modified }) => modified.seconds > 1_000_000_000)).toEqual([]);
  });
});

function contentOf(name: string): string[] {
  const path = join(daemon.instance.dataRoot, name);
  return existsSync(path) ? readdirSync(path) : [];
}
