import { Refusal } from "../parser/fault.ts";
import { heredocStart } from "../parser/heredoc.ts";
import type { DockerfileNode, Heredoc } from "../parser/node.ts";
import { readFlags, type Flags } from "./flags.ts";
import type { AddInstruction, CopyInstruction, FileTransfer } from "./instruction.ts";
import { listOf, written, type Reading } from "./reading.ts";

const SHARED = { chown: "text", chmod: "text", link: "boolean", exclude: "texts" } as const;

/** @throws Refusal */
export function readCopy({ node }: Reading): CopyInstruction {
  const words = placesOf(node, "COPY");
  const flags = readFlags(node.flags, { ...SHARED, from: "text", parents: "boolean" });
  const transfer = transferOf(node, words, flags, "COPY");
  return { ...transfer, kind: "copy", from: flags.text("from") || undefined, parents: flags.boolean("parents") ?? false };
}

/** @throws Refusal */
export function readAdd({ node }: Reading): AddInstruction {
  const words = placesOf(node, "ADD");
  const flags = readFlags(node.flags, { ...SHARED, "keep-git-dir": "boolean", checksum: "text", unpack: "boolean" });
  return {
    ...transferOf(node, words, flags, "ADD"),
    kind: "add",
    checksum: flags.text("checksum") || undefined,
    keepGitDir: flags.boolean("keep-git-dir"),
    unpack: flags.boolean("unpack"),
  };
}

function placesOf(node: DockerfileNode, name: string): readonly string[] {
  const words = listOf(node.rest);
  if (words.length >= 2) return words;
  throw new Refusal(`${name} requires at least two arguments, but only one was provided. Destination could not be determined`);
}

function transferOf(node: DockerfileNode, words: readonly string[], flags: Flags, name: string): Omit<FileTransfer, "kind"> {
  const places = words.slice(0, -1);
  const destination = words.at(-1) ?? "";
  if (heredocStart(destination) !== undefined) throw new Refusal(`${name} cannot accept a heredoc as a destination`);
  return {
    ...written(node),
    sources: places.filter((place) => heredocStart(place) === undefined),
    files: places.flatMap((place) => heredocStart(place) ?? []).map((start) => withContent(start, node.heredocs)),
    destination,
    chown: flags.text("chown") || undefined,
    chmod: flags.text("chmod") || undefined,
    link: flags.boolean("link") ?? false,
    exclude: flags.texts("exclude"),
  };
}

/** Two documents of one name: the later one's content is both's, as in BuildKit. */
function withContent(start: Omit<Heredoc, "content">, heredocs: readonly Heredoc[]): Heredoc {
  return { ...start, content: heredocs.findLast((heredoc) => heredoc.name === start.name)?.content ?? "" };
}
