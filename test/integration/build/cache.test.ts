import { expect, it } from "vitest";
import { packTar } from "#lib/tar-pack.ts";
import { useDaemon } from "../../support/daemon.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

/** What a build finds in the cache, and what it says of what it does not find there. */
const daemon = useDaemon({ images: [busyboxArchive] });

type Files = Readonly<Record<string, string>>;

/** What the build says; rejects when it fails. */
async function build(dockerfile: string, files: Files = {}, query: Readonly<Record<string, string>> = {}): Promise<string> {
  const all = Object.entries({ Dockerfile: dockerfile, ...files });
  const body = packTar(all.map(([name, data]) => ({ name, type: "file", mode: 0o644, data: Buffer.from(data) })));
  const { text } = await daemon.api("POST", `/build?${new URLSearchParams({ networkmode: "none", ...query }).toString()}`, body);
  const lines = text.split("\n").filter(Boolean);
  const messages = lines.map((line) => JSON.parse(line) as { stream?: string; error?: string });
  const said = messages.map(({ stream = "" }) => stream).join("");
  const failed = messages.find(({ error }) => error !== undefined);
  if (failed !== undefined) throw new Error(`${said}${failed.error}`);
  return said;
}

async function layersOf(image: string): Promise<readonly string[]> {
  return ((await daemon.api("GET", `/images/${image}/json`)).json as { RootFS: { Layers: string[] } }).RootFS.Layers;
}

it("says why a step is not cached: which file, which variable, which base, which instruction", async () => {
  const lines = (run: string) => `FROM ${BUSYBOX}\nARG VERSION\nCOPY src /src/\nRUN ${run}\nWORKDIR /w\n`;
  const files = { "src/a.txt": "a", "src/b.txt": "b" };
  const why = async (run: string, more: Files, version: string): Promise<string[]> => {
    const said = await build(lines(run), more, { explain: "1", buildargs: JSON.stringify({ VERSION: version }) });
    return said.split("\n").filter((line) => /Not cached|Using cache/.test(line));
  };
  const unknown = " ---> Not cached: no build that is known of had this instruction";
  const cached = " ---> Using cache";
  const marker = `echo ${process.pid}-explained`;
  expect(await why(marker, files, "1")).toEqual([unknown, unknown, unknown]);
  expect(await why(marker, files, "1")).toEqual([cached, cached, cached]);
  expect(await why(marker, files, "2")).toEqual([cached, " ---> Not cached: the variable VERSION has another value", cached]);
  const [copied, ran] = await why(marker, { "src/a.txt": "A", "src/c.txt": "c" }, "1");
  expect(copied).toBe(" ---> Not cached: src/a.txt was changed, src/c.txt is new, src/b.txt is gone");
  expect(ran).toMatch(/^ ---> Not cached: what the steps above it made is another \([0-9a-f]{12} before, [0-9a-f]{12} now\)$/);
  expect((await why(`${marker} more`, files, "1")).slice(0, 2)).toEqual([
    cached,
    expect.stringMatching(/^ ---> Not cached: the instruction was changed: it was "RUN echo \d+-explained"$/),
  ]);
  const anew = await build(lines(marker), files, { explain: "1", nocache: "1" });
  expect(anew.match(/Not cached: the build is not to use the cache/g)).toHaveLength(3);
});

it("puts what COPY --link made on another base, without making it again", async () => {
  const base = (value: string) =>
    build(
      `FROM ${BUSYBOX}\nRUN echo ${value} > /of-base && mkdir -p /etc /linked && echo 'web:x:7:8::/:/bin/sh' > /etc/passwd && ln -s /linked /way`,
      {},
      { t: "cache/base" },
    );
  const lines = "FROM cache/base\nCOPY --link --chown=web --chmod=600 a.txt /app/\nCOPY --link a.txt /way/\n";
  const files = { "a.txt": "same" };
  await base("one");
  const first = await build(lines, files, { t: "cache/linked" });
  expect(first).not.toContain("Using cache");
  const before = await layersOf("cache/linked");
  await base("two");
  const second = await build(lines, files, { t: "cache/linked:2" });
  expect(second.match(/Using cache/g)).toHaveLength(2);
  const after = await layersOf("cache/linked:2");
  expect(after.slice(-2)).toEqual(before.slice(-2));
  expect(after.at(-3)).not.toBe(before.at(-3));
  const said = await build(
    "FROM cache/linked:2\nRUN cat /of-base /app/a.txt && stat -c ' %a %u %g' /app/a.txt && stat -c '%F' /way && ls /linked | wc -l",
  );
  expect(said).toContain("\ntwo\nsame 600 7 8\ndirectory\n0\n");
  const third = await build(lines, { "a.txt": "other" }, { explain: "1" });
  expect(third.match(/Not cached: a.txt was changed/g)).toHaveLength(2);
});
