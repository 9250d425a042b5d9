import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import type { Readable } from "node:stream";
import { EngineError } from "#errors/engine-error.ts";
import { packTar } from "#lib/tar-pack.ts";
import { parseIgnoreFile } from "#spec/build/ignore-file.ts";
import { packFolder } from "./pack-folder.ts";

export interface ContextWish {
  /** A folder, an address, or `-`. */
  readonly path: string;
  /** `--file`; `-` is standard input. */
  readonly dockerfile: string | undefined;
  readonly currentFolder: string;
  readonly input: Readable;
}

export interface OpenContext {
  readonly context: { readonly body: AsyncIterable<Uint8Array> } | { readonly remote: string };
  /** Within the context. */
  readonly dockerfile: string | undefined;
}

/** Finds out what the context is, as docker's command line does. @throws EngineError `invalid`, `not-found`. */
export async function openContext(wish: ContextWish): Promise<OpenContext> {
  const { path, dockerfile } = wish;
  if (path === "-" && dockerfile === "-") throw new EngineError("invalid", "can't use stdin for both build context and dockerfile");
  if (path === "-") return fromInput(wish);
  if (isRemote(path)) {
    if (dockerfile === "-") throw new EngineError("invalid", "a Dockerfile from stdin does not go with a remote context");
    return { context: { remote: path }, dockerfile };
  }
  return fromFolder(wish);
}

const REMOTE = /^(?:https?:\/\/|git:\/\/|ssh:\/\/|git@|github\.com\/)/;

function isRemote(path: string): boolean {
  return REMOTE.test(path);
}

/** An archive is passed on as it comes; anything else is the Dockerfile of an empty context. */
async function fromInput({ dockerfile, input }: ContextWish): Promise<OpenContext> {
  const iterator = (input as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < ARCHIVE_HEAD) {
    const { value, done } = await iterator.next();
    if (done === true) break;
    chunks.push(value);
    size += value.byteLength;
  }
  const head = Buffer.concat(chunks);
  if (head.byteLength === 0) throw new EngineError("invalid", "stdin holds neither a Dockerfile nor a context");
  const rest = following(head, iterator);
  if (isArchive(head)) return { context: { body: rest }, dockerfile };
  if (dockerfile !== undefined)
    throw new EngineError("invalid", "ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles");
  const data = await buffer(rest);
  return { context: { body: once(packTar([{ name: "Dockerfile", type: "file", mode: 0o600, data }])) }, dockerfile: undefined };
}

/** Where a tar archive says that it is one. */
const ARCHIVE_HEAD = 263;
const COMPRESSED: readonly (readonly number[])[] = [
  [0x1f, 0x8b],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a],
  [0x28, 0xb5, 0x2f, 0xfd],
];

function isArchive(head: Buffer): boolean {
  return head.toString("latin1", 257, 262) === "ustar" || COMPRESSED.some((magic) => magic.every((byte, index) => head[index] === byte));
}

async function* following(head: Uint8Array, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

async function fromFolder({ path, dockerfile, currentFolder, input }: ContextWish): Promise<OpenContext> {
  const folder = folderAt(resolve(currentFolder, path), path);
  if (dockerfile === "-") {
    const name = hiddenName();
    return packedFolder(folder, { name, data: await buffer(input) }, join(folder, "Dockerfile"));
  }
  const file = dockerfile === undefined ? usualDockerfile(folder) : resolve(currentFolder, dockerfile);
  const inside = placeIn(folder, file);
  if (inside !== undefined) return packedFolder(folder, { name: inside, data: undefined }, file);
  return packedFolder(folder, { name: hiddenName(), data: readFileSync(file) }, file);
}

function folderAt(folder: string, written: string): string {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) throw new EngineError("not-found", `unable to prepare context: path ${JSON.stringify(written)} not found`);
  if (stats.isDirectory()) return realpathSync(folder);
  throw new EngineError("invalid", `unable to prepare context: context must be a directory: ${written}`);
}

function usualDockerfile(folder: string): string {
  return [join(folder, "Dockerfile"), join(folder, "dockerfile")].find((file) => existsSync(file)) ?? join(folder, "Dockerfile");
}

/** Where a file lies in the context, also if the last part of its path is a link to elsewhere in it; undefined outside. */
function placeIn(folder: string, file: string): string | undefined {
  if (!existsSync(file))
    throw new EngineError("not-found", `unable to prepare context: unable to evaluate symlinks in Dockerfile path: ${file} not found`);
  const real = realpathSync(file);
  if (isOutside(relative(folder, real))) return undefined;
  const written = relative(folder, join(realpathSync(dirname(file)), basename(file)));
  return isOutside(written) ? relative(folder, real) : written;
}

function isOutside(path: string): boolean {
  return path === ".." || path.startsWith("../") || isAbsolute(path);
}

/** Of a Dockerfile that lies outside: a name that nobody else has. */
function hiddenName(): string {
  return `.dockerfile.${randomBytes(10).toString("hex")}`;
}

interface Dockerfile {
  readonly name: string;
  /** Undefined where it lies in the folder. */
  readonly data: Uint8Array | undefined;
}

/** `NAME.dockerignore` beside the Dockerfile goes before `.dockerignore`. The daemon looks for it by the name that the Dockerfile has there. */
function packedFolder(folder: string, { name, data }: Dockerfile, file: string): OpenContext {
  const own = readIfFile(`${file}.dockerignore`);
  const usual = readIfFile(join(folder, ".dockerignore"));
  const ignorePatterns = parseIgnoreFile((own ?? usual ?? Buffer.alloc(0)).toString("utf8"));
  const extra = new Map<string, Uint8Array>();
  if (data !== undefined) extra.set(name, data);
  if (data !== undefined && own !== undefined) extra.set(`${name}.dockerignore`, own);
  const always = [name, ".dockerignore", `${name}.dockerignore`];
  return { context: { body: packFolder({ folder, ignorePatterns, always, extra }) }, dockerfile: name };
}

function readIfFile(path: string): Buffer | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(path) : undefined;
}
