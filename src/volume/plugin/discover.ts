import { lstat, readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** How a plugin is spoken to. */
export type PluginAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "tls"; readonly host: string; readonly port: number; readonly tls: PluginTls };

/** Files of the host. */
export interface PluginTls {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly insecure: boolean;
}

export interface FoundPlugin {
  readonly name: string;
  readonly address: PluginAddress;
}

export interface PluginFolders {
  /** Where sockets are looked for: `NAME.sock`, `NAME/NAME.sock`. */
  readonly sockets: readonly string[];
  /** Where descriptions are looked for: `NAME.spec`, `NAME.json`, and the same in a folder `NAME`. */
  readonly specifications: readonly string[];
}

/**
 * Docker's places, which are the host's, and before them our own: of two plugins of one name the first counts.
 *
 * @param own where sockets are of plugins for this engine alone.
 */
export function pluginFolders(own: string): PluginFolders {
  return {
    sockets: [own, "/run/docker/plugins"],
    specifications: ["/etc/dhow/plugins", "/usr/lib/dhow/plugins", "/etc/docker/plugins", "/usr/lib/docker/plugins"],
  };
}

/** A name is part of a path, and comes from clients. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;
const LARGEST_SPECIFICATION = 64 * 1024;

function isPluginName(name: string): boolean {
  return NAME.test(name) && !name.includes("..");
}

/** Names of all that are described anywhere; nobody is asked. */
export async function pluginNames({ sockets, specifications }: PluginFolders): Promise<string[]> {
  const found = await Promise.all([
    ...sockets.map((folder) => namesIn(folder, [".sock"])),
    ...specifications.map((folder) => namesIn(folder, [".spec", ".json"])),
  ]);
  return [...new Set(found.flat())].filter(isPluginName).toSorted();
}

/**
 * A socket counts before a description (docker/go-plugins-helpers, moby pkg/plugins/discovery.go).
 *
 * @returns undefined when there is none of that name.
 * @throws Error for a description that makes no sense.
 */
export async function findPlugin(name: string, { sockets, specifications }: PluginFolders): Promise<FoundPlugin | undefined> {
  if (!isPluginName(name)) return undefined;
  for (const folder of sockets) {
    for (const path of [join(folder, `${name}.sock`), join(folder, name, `${name}.sock`)]) {
      if (await isSocket(path)) return { name, address: { kind: "unix", path } };
    }
  }
  for (const folder of specifications) {
    for (const base of [join(folder, name), join(folder, name, name)]) {
      const address = (await readSpecification(`${base}.spec`)) ?? (await readDescription(`${base}.json`));
      if (address !== undefined) return { name, address };
    }
  }
  return undefined;
}

async function namesIn(folder: string, endings: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = await Promise.all(
    entries.map(async (entry) => {
      if (!entry.isDirectory()) return named(entry.name, endings);
      const inside = await readdir(join(folder, entry.name)).catch(() => []);
      return inside.flatMap((name) => named(name, endings)).filter((name) => name === entry.name);
    }),
  );
  return names.flat();
}

function named(file: string, endings: readonly string[]): string[] {
  const ending = endings.find((candidate) => file.endsWith(candidate));
  return ending === undefined ? [] : [basename(file, ending)];
}

async function isSocket(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isSocket(),
    () => false,
  );
}

/** A line with an address. */
async function readSpecification(path: string): Promise<PluginAddress | undefined> {
  const text = await readSmall(path);
  return text === undefined ? undefined : addressOf(text.trim(), undefined, path);
}

async function readDescription(path: string): Promise<PluginAddress | undefined> {
  const text = await readSmall(path);
  if (text === undefined) return undefined;
  const { Addr, TLSConfig } = JSON.parse(text) as { Addr?: unknown; TLSConfig?: Record<string, unknown> | null };
  if (typeof Addr !== "string") throw new Error(`${path}: it has no Addr`);
  const folder = dirname(await realpath(path));
  const file = (key: string): string | undefined => {
    const value = TLSConfig?.[key];
    return typeof value === "string" && value !== "" ? join(value.startsWith("/") ? "/" : folder, value) : undefined;
  };
  const tls = TLSConfig && {
    ca: file("CAFile"),
    cert: file("CertFile"),
    key: file("KeyFile"),
    insecure: TLSConfig["InsecureSkipVerify"] === true,
  };
  return addressOf(Addr, tls ?? undefined, path);
}

function addressOf(text: string, tls: PluginTls | undefined, path: string): PluginAddress {
  if (text.startsWith("unix://")) return { kind: "unix", path: text.slice("unix://".length) };
  const match = /^(?:tcp|https?):\/\/(\[[0-9a-fA-F:.]+\]|[^/:]+):(\d{1,5})\/?$/.exec(text);
  if (match === null) throw new Error(`${path}: ${JSON.stringify(text.slice(0, 200))} is no address of a plugin`);
  const [host, port] = [(match[1] ?? "").replace(/^\[|\]$/g, ""), Number(match[2])];
  const encrypted = tls ?? (text.startsWith("https:") ? { ca: undefined, cert: undefined, key: undefined, insecure: false } : undefined);
  return encrypted === undefined ? { kind: "tcp", host, port } : { kind: "tls", host, port, tls: encrypted };
}

async function readSmall(path: string): Promise<string | undefined> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return undefined;
  if (stats.size > LARGEST_SPECIFICATION) throw new Error(`${path} is too large to describe a plugin`);
  return await readFile(path, "utf8");
}
