import { accessSync, constants, statSync } from "node:fs";
import { EngineError } from "#errors/engine-error.ts";
import { type SealedFile, sealFile } from "#sys/files/sealed-file.ts";
import { outputOf } from "./runtimes-command.ts";

export interface RuntimeEntry {
  /** Absolute path. */
  readonly path: string;
  /** Put before every command (`runtimeArgs` of daemon.json). */
  readonly args?: readonly string[];
}

/** Where distributions put the runtimes that Dhow knows, in order of preference. */
const KNOWN_PATHS: Readonly<Record<string, readonly string[]>> = {
  crun: ["/usr/bin/crun", "/usr/local/bin/crun"],
  runc: ["/usr/sbin/runc", "/usr/bin/runc", "/usr/local/sbin/runc", "/usr/local/bin/runc"],
};

/** The runtimes that are installed, best first; fixed paths, since nothing that the daemon starts comes from its PATH. */
export function installedRuntimes(): Record<string, RuntimeEntry> {
  const found = Object.entries(KNOWN_PATHS).flatMap(([name, paths]) => {
    const path = paths.find(isExecutable);
    return path === undefined ? [] : [[name, { path }] as const];
  });
  return Object.fromEntries(found);
}

/** What is known of a runtime's inside: of these two the state folder is known well enough to save processes. */
export type RuntimeKind = "crun" | "runc" | "other";

/** An OCI runtime of the host, and how it is called. */
export class Runtime {
  readonly name: string;
  readonly path: string;
  readonly kind: RuntimeKind;
  readonly version: string;
  /** Its state folder. */
  readonly root: string;
  readonly #entry: RuntimeEntry;
  #sealed: { readonly file: SealedFile; readonly inode: bigint; readonly changed: bigint } | undefined;

  constructor(name: string, entry: RuntimeEntry, banner: RuntimeBanner, root: string) {
    this.name = name;
    this.path = entry.path;
    this.kind = banner.kind;
    this.version = banner.version;
    this.root = root;
    this.#entry = entry;
  }

  /** What comes before the command. */
  get arguments(): readonly string[] {
    return [...(this.#entry.args ?? []), `--root=${this.root}`];
  }

  /** State folder of one container. */
  stateOf(id: string): string {
    return `${this.root}/${id}`;
  }

  /**
   * The program to start: sealed where its kind knows to value that (sealed-file.ts), and again after an upgrade has put another
   * file in its place.
   */
  program(): string {
    if (this.kind === "other") return this.path;
    const { ino, mtimeNs } = statSync(this.path, { bigint: true });
    if (this.#sealed?.inode !== ino || this.#sealed.changed !== mtimeNs) {
      this.close();
      const file = sealedOrPlain(this.path);
      this.#sealed = { file, inode: ino, changed: mtimeNs };
    }
    return this.#sealed.file.path;
  }

  close(): void {
    this.#sealed?.file.close();
    this.#sealed = undefined;
  }
}

function sealedOrPlain(path: string): SealedFile {
  try {
    return sealFile(path);
  } catch {
    // An old kernel, or no right to mount: the runtime protects itself.
    return { path, close() {} };
  }
}

/**
 * Asks each runtime who it is. Those that are not installed are left out.
 *
 * @throws EngineError `invalid` when the default is not among those that are there.
 */
export async function findRuntimes(
  entries: Readonly<Record<string, RuntimeEntry>>,
  defaultName: string,
  stateFolder: string,
): Promise<ReadonlyMap<string, Runtime>> {
  const names = [defaultName, ...Object.keys(entries).filter((name) => name !== defaultName)];
  const found = await Promise.all(names.map((name) => findRuntime(name, entries[name], stateFolder)));
  const runtimes = new Map(found.flatMap((runtime) => (runtime === undefined ? [] : [[runtime.name, runtime]])));
  if (!runtimes.has(defaultName)) {
    const path = entries[defaultName]?.path;
    throw new EngineError("invalid", `the default runtime ${defaultName} is not installed${path === undefined ? "" : ` (${path})`}`);
  }
  return runtimes;
}

async function findRuntime(name: string, entry: RuntimeEntry | undefined, stateFolder: string): Promise<Runtime | undefined> {
  if (entry === undefined || !isExecutable(entry.path)) return undefined;
  const banner = parseBanner(await outputOf(entry.path, [...(entry.args ?? []), "--version"]));
  return new Runtime(name, entry, banner, `${stateFolder}/${name}`);
}

export interface RuntimeBanner {
  readonly kind: RuntimeKind;
  readonly version: string;
}

/** @param text what `--version` prints: `crun version 1.8.1`, `runc version 1.1.5+ds1`, and more lines. */
export function parseBanner(text: string): RuntimeBanner {
  const [line = ""] = text.split("\n");
  const match = /^(\S+) version (\S+)/.exec(line);
  const version = match?.[2] ?? line.trim();
  const major = Number.parseInt(version, 10);
  const known = (match?.[1] === "crun" || match?.[1] === "runc") && major >= 1;
  return { kind: known ? (match[1] as RuntimeKind) : "other", version };
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
