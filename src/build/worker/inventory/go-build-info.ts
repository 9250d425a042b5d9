import type { InstalledPackage } from "../../attest/inventory.ts";
import { word } from "./databases.ts";

/** Reads from a file: fewer bytes at its end. */
export type ReadAt = (offset: number, length: number) => Buffer;

const ELF_MAGIC = Buffer.from("\x7fELF", "latin1");
const INFO_MAGIC = Buffer.from("\xff Go buildinf:", "latin1");
/** The linker puts marks of this length around the module's text. */
const MARK = 16;
const HEADER = 32;
const INLINE = 2;
const LARGEST_TEXT = 4 * 1024 * 1024;
const MOST_SECTIONS = 1000;

/**
 * The modules that a program was built of, as Go's linker (1.18 and later) leaves them in the section `.go.buildinfo` of an ELF file of 64 bits.
 * See Go's `debug/buildinfo`.
 */
export function readGoModules(readAt: ReadAt): Omit<InstalledPackage, "foundIn">[] {
  const section = findSection(readAt);
  if (section === undefined) return [];
  const head = readAt(section, HEADER);
  if (head.length < HEADER || !head.subarray(0, INFO_MAGIC.length).equals(INFO_MAGIC)) return [];
  if (((head[INFO_MAGIC.length + 1] ?? 0) & INLINE) === 0) return [];
  const version = readText(readAt, section + HEADER);
  const modules = version === undefined ? undefined : readText(readAt, version.end);
  const standard = word(version?.text.replace(/ .*/, "").replace(/^go/, ""));
  return [
    ...(standard === undefined ? [] : [{ kind: "golang", name: "stdlib", version: standard } as const]),
    ...modulesOf(modules?.text ?? ""),
  ];
}

/** By its name: it is one of few sections. */
function findSection(readAt: ReadAt): number | undefined {
  const header = readAt(0, 64);
  // 64 bits, little endian: what Go's Linux targets are, but for some that nobody builds images for.
  if (header.length < 64 || !header.subarray(0, 4).equals(ELF_MAGIC) || header[4] !== 2 || header[5] !== 1) return undefined;
  const table = Number(header.readBigUInt64LE(0x28));
  const [size, count, names] = [header.readUInt16LE(0x3a), header.readUInt16LE(0x3c), header.readUInt16LE(0x3e)];
  if (size < 64 || count === 0 || count > MOST_SECTIONS || names >= count || !Number.isSafeInteger(table)) return undefined;
  const sections = readAt(table, size * count);
  if (sections.length < size * count) return undefined;
  const offsetOf = (index: number): number => Number(sections.readBigUInt64LE(index * size + 0x18));
  const name = Buffer.from(".go.buildinfo\0");
  for (let index = 0; index < count; index += 1) {
    const at = offsetOf(names) + sections.readUInt32LE(index * size);
    if (Number.isSafeInteger(at) && readAt(at, name.length).equals(name)) return offsetOf(index);
  }
  return undefined;
}

/** A varint of its length, then the text. */
function readText(readAt: ReadAt, at: number): { readonly text: string; readonly end: number } | undefined {
  const head = readAt(at, 8);
  let length = 0;
  for (let index = 0; index < head.length; index += 1) {
    const byte = head[index] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (length > LARGEST_TEXT) return undefined;
    if (byte < 0x80) {
      const start = at + index + 1;
      return { text: readAt(start, length).toString("latin1"), end: start + length };
    }
  }
  return undefined;
}

/** Lines of tabs: `mod`, `dep`, and `=>` for what stands in the place of the one before. The program's own module is no dependency. */
function modulesOf(marked: string): Omit<InstalledPackage, "foundIn">[] {
  const found: Omit<InstalledPackage, "foundIn">[] = [];
  for (const line of marked.slice(MARK, -MARK).split("\n")) {
    const [what, name, version] = line.split("\t");
    const read = { name: word(name), version: word(version) };
    if (what === "=>") found.pop();
    else if (what !== "dep") continue;
    if (read.name !== undefined && read.version !== undefined) found.push({ kind: "golang", name: read.name, version: read.version });
  }
  return found;
}
