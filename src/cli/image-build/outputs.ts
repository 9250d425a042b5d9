import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { BuildOffers } from "#client/builds/session.ts";
import type { BuildOptions } from "#client/builds/build.ts";
import { EngineError } from "#errors/engine-error.ts";
import { write, type Streams } from "../streams.ts";
import { writeFile } from "../write-file.ts";
import { fieldsOf } from "./fields.ts";

export interface OutputPlaces {
  readonly currentFolder: string;
  readonly output: Streams["output"];
  readonly errors: Streams["errors"];
}

type Taker = (bytes: AsyncIterable<Uint8Array>) => Promise<void>;

/** What `--output` says: for the daemon, and what is done here with what comes of it. */
export interface WantedOutputs {
  readonly outputs: NonNullable<BuildOptions["outputs"]>;
  readonly takers: NonNullable<BuildOffers["outputs"]>;
  /** One of them is written to stdout: nothing else may be. */
  readonly usesOutput: boolean;
}

interface Wish {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** `-` is stdout; undefined: it stays with the daemon. */
  readonly destination: string | undefined;
}

/**
 * `DIR`, `-`, or `type=local|tar|oci|docker|image,dest=…,key=value`, as buildx has it.
 *
 * @throws EngineError `invalid`.
 */
export function readOutputs(texts: readonly string[], places: OutputPlaces): WantedOutputs {
  const wishes = texts.map((text) => wishOf(text, places));
  const toOutput = wishes.filter(({ destination }) => destination === "-").length;
  if (toOutput > 1) throw new EngineError("invalid", "--output: only one output can go to stdout");
  if (toOutput === 1 && places.output.isTTY === true)
    throw new EngineError(
      "invalid",
      "--output: refusing to write an archive to a terminal: give it a destination (dest=FILE), or redirect",
    );
  const takers = wishes.flatMap((wish, index) =>
    wish.destination === undefined ? [] : [[index, takerOf(wish, wish.destination, places)] as const],
  );
  return {
    outputs: wishes.map(({ type, attributes }) => ({ Type: type, Attrs: attributes })),
    takers: new Map(takers),
    usesOutput: toOutput === 1,
  };
}

function wishOf(text: string, { currentFolder }: OutputPlaces): Wish {
  if (text === "-") return { type: "tar", attributes: {}, destination: "-" };
  if (!text.includes("=")) return { type: "local", attributes: {}, destination: resolve(currentFolder, text) };
  const { type = "", dest, ...attributes } = Object.fromEntries(fieldsOf("--output", text));
  if (type === "") throw new EngineError("invalid", `--output ${JSON.stringify(text)}: type is required`);
  const destination = destinationOf(type, dest, attributes);
  return {
    type,
    attributes,
    destination: destination === undefined || destination === "-" ? destination : resolve(currentFolder, destination),
  };
}

function destinationOf(type: string, dest: string | undefined, { tar }: Readonly<Record<string, string>>): string | undefined {
  switch (type) {
    case "local":
      if (dest === undefined || dest === "-") throw new EngineError("invalid", "--output: type=local needs a folder (dest=DIR)");
      return dest;
    case "tar":
    case "oci":
      if (tar === "false" && (dest === undefined || dest === "-"))
        throw new EngineError("invalid", `--output: type=${type},tar=false needs a folder (dest=DIR)`);
      return dest ?? "-";
    case "docker":
      return dest;
    default:
      if (dest !== undefined) throw new EngineError("invalid", `--output: type=${type} has no destination`);
      return undefined;
  }
}

function takerOf({ type, attributes }: Wish, destination: string, { output, errors }: OutputPlaces): Taker {
  if (destination === "-")
    return async (bytes) => {
      for await (const piece of bytes) await write(output, piece);
    };
  if (type === "local" || attributes["tar"] === "false") return async (bytes) => await intoFolder(destination, bytes, errors);
  return async (bytes) => {
    if (statSync(destination, { throwIfNoEntry: false })?.isDirectory() === true)
      throw new EngineError("invalid", `${destination} is a folder: want a file for type=${type}`);
    await writeFile(destination, bytes);
  };
}

async function intoFolder(folder: string, bytes: AsyncIterable<Uint8Array>, errors: Streams["errors"]): Promise<void> {
  const { writeTree } = await import("./write-tree.ts");
  const left = await writeTree(folder, bytes);
  if (left.length > 0)
    await write(errors, `${left.length} devices and pipes were left out: ${left.slice(0, 5).join(", ")}${left.length > 5 ? ", …" : ""}\n`);
}
