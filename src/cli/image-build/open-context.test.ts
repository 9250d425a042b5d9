import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { packTar } from "#lib/tar-pack.ts";
import { openContext, type OpenContext } from "./open-context.ts";

const top = mkdtempSync(join(tmpdir(), "dhow-context-"));
afterAll(() => rmSync(top, { recursive: true, force: true }));
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(top, "case-"));
});

function put(files: Readonly<Record<string, string>>): void {
  for (const [name, data] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), data);
  }
}

function open(path: string, options: { dockerfile?: string; input?: Readable } = {}): Promise<OpenContext> {
  return openContext({ path, dockerfile: options.dockerfile, currentFolder: folder, input: options.input ?? new PassThrough() });
}

async function bytesOf({ context }: OpenContext): Promise<Buffer> {
  if (!("body" in context)) throw new Error("no body");
  const parts: Uint8Array[] = [];
  for await (const part of context.body) parts.push(part);
  return Buffer.concat(parts);
}

/** What tar itself makes of it. */
async function listed(opened: OpenContext, ...flags: string[]): Promise<string[]> {
  const { stdout, stderr } = spawnSync("tar", ["-t", ...flags, "-f", "-"], { input: await bytesOf(opened), encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.trimEnd().split("\n");
}

describe("a folder", () => {
  it("is sent in the order of its names, as root's, with modes, links and times", async () => {
    put({ Dockerfile: "FROM x", "b/c": "c", a: "a", [`${"long/".repeat(30)}x`]: "deep" });
    symlinkSync("../a", join(folder, "b/link"));
    utimesSync(join(folder, "a"), 1000, 1000);
    const opened = await open(".");
    expect(opened.dockerfile).toBe("Dockerfile");
    const names = await listed(opened);
    expect(names.filter((name) => !name.startsWith("long"))).toEqual(["Dockerfile", "a", "b/", "b/c", "b/link"]);
    expect(names.at(-1)).toBe(`${"long/".repeat(30)}x`);
    const lines = await listed(await open("."), "-v", "--numeric-owner", "--full-time", "--utc");
    expect(lines.find((line) => line.endsWith(" a"))).toMatch(/^-rw-r--r-- 0\/0 +1 1970-01-01 00:16:40 a$/);
    expect(lines.find((line) => line.includes("link"))).toContain("b/link -> ../a");
  });

  it("leaves out what is ignored, and sends the Dockerfile and the ignore file all the same", async () => {
    put({
      Dockerfile: "FROM x",
      ".dockerignore": "*\n!src\nsrc/*.log\n!deep/er/kept\n",
      "src/a.ts": "",
      "src/b.log": "",
      other: "",
      "deep/er/kept": "",
      "deep/er/lost": "",
      "node_modules/x/y": "",
    });
    expect(await listed(await open("."))).toEqual([".dockerignore", "Dockerfile", "deep/", "deep/er/", "deep/er/kept", "src/", "src/a.ts"]);
  });

  it("takes NAME.dockerignore beside the Dockerfile before the usual one", async () => {
    put({ "docker/dev": "FROM x", "docker/dev.dockerignore": "a", ".dockerignore": "b", a: "", b: "" });
    const opened = await open(".", { dockerfile: "docker/dev" });
    expect(opened.dockerfile).toBe("docker/dev");
    expect(await listed(opened)).toEqual([".dockerignore", "b", "docker/", "docker/dev", "docker/dev.dockerignore"]);
  });

  it("takes along a Dockerfile that lies outside, or comes from stdin", async () => {
    put({ "outside/Dockerfile": "FROM outside", "context/a": "" });
    const outside = await open("context", { dockerfile: "outside/Dockerfile" });
    expect(outside.dockerfile).toMatch(/^\.dockerfile\.[0-9a-f]{20}$/);
    expect(await listed(outside)).toEqual(["a", outside.dockerfile]);
    const fromInput = await open("context", { dockerfile: "-", input: Readable.from([Buffer.from("FROM stdin")]) });
    expect((await bytesOf(fromInput)).toString()).toContain("FROM stdin");
    symlinkSync("../outside/Dockerfile", join(folder, "context/Dockerfile"));
    expect((await open("context")).dockerfile).toMatch(/^\.dockerfile\./);
  });

  it("sends large files to the byte", async () => {
    put({ Dockerfile: "FROM x" });
    writeFileSync(join(folder, "large"), Buffer.alloc(1_000_001, "x"));
    const { stdout } = spawnSync("tar", ["-xOf", "-", "large"], { input: await bytesOf(await open(".")) });
    expect(stdout.equals(Buffer.alloc(1_000_001, "x"))).toBe(true);
  });

  it.each([
    ["missing", {}, "not found"],
    ["file", {}, "must be a directory"],
    [".", { dockerfile: "none" }, "not found"],
    ["-", { dockerfile: "-" }, "both build context and dockerfile"],
  ])("refuses %s %j", async (path, options, message) => {
    put({ file: "" });
    await expect(open(path, options)).rejects.toThrow(message);
  });

  it("refuses what no archive can hold", async () => {
    put({ Dockerfile: "FROM x" });
    const server = createServer().listen(join(folder, "socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    try {
      await expect(bytesOf(await open("."))).rejects.toThrow("is a socket");
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe("stdin", () => {
  it("is passed on where it is an archive, compressed or not", async () => {
    const archive = packTar([{ name: "Dockerfile", type: "file", mode: 0o644, data: Buffer.from("FROM x") }]);
    const opened = await open("-", { input: Readable.from([archive.subarray(0, 10), archive.subarray(10)]), dockerfile: "other" });
    expect(opened.dockerfile).toBe("other");
    expect((await bytesOf(opened)).equals(archive)).toBe(true);
    const zipped = Buffer.from([0x1f, 0x8b, 8, 0]);
    expect((await bytesOf(await open("-", { input: Readable.from([zipped]) }))).equals(zipped)).toBe(true);
  });

  it("is the Dockerfile of an empty context where it is anything else", async () => {
    expect(await listed(await open("-", { input: Readable.from([Buffer.from("FROM x\n")]) }))).toEqual(["Dockerfile"]);
    await expect(open("-", { input: Readable.from([]) })).rejects.toThrow("neither a Dockerfile nor a context");
    await expect(open("-", { dockerfile: "x", input: Readable.from([Buffer.from("FROM x\n")]) })).rejects.toThrow("ambiguous");
  });
});

it.each(["https://example.com/context.tar.gz", "https://example.com/r.git#main:sub", "git@example.com:a/b.git", "github.com/a/b"])(
  "%s is the daemon's to get",
  async (address) => {
    expect(await open(address, { dockerfile: "x/Dockerfile" })).toEqual({ context: { remote: address }, dockerfile: "x/Dockerfile" });
  },
);
