import { posix } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { RootFolder } from "#sys/files/in-root.ts";

const DEFAULT = "Dockerfile";
/** As BuildKit's frontend takes. */
const LARGEST = 2 * 1024 * 1024;

export interface FoundDockerfile {
  /** Within the context, as messages show it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads the Dockerfile out of a context; links are followed inside it.
 *
 * @throws EngineError `invalid` with Docker's texts.
 */
export function readDockerfile(context: string, asked: string): FoundDockerfile {
  const name = asked === "" ? DEFAULT : posix.normalize(asked).replace(/^\/+/, "");
  if (name === ".." || name.startsWith("../")) throw new EngineError("invalid", `Forbidden path outside the build context: ${asked} ()`);
  using root = new RootFolder(context);
  // Docker's own way out, for file systems that do not know small letters from large ones.
  const names = asked === "" ? [name, name.toLowerCase()] : [name];
  for (const candidate of names) {
    const bytes = read(root, candidate);
    if (bytes === undefined) continue;
    if (bytes.length === 0) throw new EngineError("invalid", `The Dockerfile (${candidate}) cannot be empty`);
    return { name: candidate, bytes };
  }
  throw new EngineError("invalid", `Cannot locate specified Dockerfile: ${name}`);
}

function read(root: RootFolder, name: string): Uint8Array | undefined {
  try {
    return root.readFile(name, LARGEST);
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new EngineError("too-large", `the Dockerfile (${name}) is larger than ${LARGEST} bytes`, { cause });
    throw cause;
  }
}
