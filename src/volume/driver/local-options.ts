import { EngineError } from "#errors/engine-error.ts";
import { parseMemory } from "#lib/units.ts";
import { shortName, type Volume } from "../volume.ts";

/** What a volume of the local driver is: a folder, or something that is mounted on it while it is used. */
export interface LocalOptions {
  /** Bytes it may take; undefined without a limit. */
  readonly size: number | undefined;
  readonly mount: { readonly type: string; readonly device: string; readonly options: string } | undefined;
}

/** Each of these needs the others (moby volume/local/local_unix.go). */
const NEEDS: Readonly<Record<string, readonly string[]>> = { device: ["type"], type: ["device"], o: ["device", "type"], size: [] };

/** @throws EngineError `invalid` with dockerd's texts. Pure. */
export function parseLocalOptions(name: string, options: Volume["options"]): LocalOptions {
  const refuse = (reason: string): EngineError => new EngineError("invalid", `create ${shortName(name)}: ${reason}`);
  for (const option of Object.keys(options)) {
    if (!Object.hasOwn(NEEDS, option)) throw refuse(`invalid option: ${JSON.stringify(option.slice(0, 80))}`);
    for (const needed of NEEDS[option] ?? []) {
      if (!Object.hasOwn(options, needed)) throw refuse(`missing required option: ${JSON.stringify(needed)}`);
    }
  }
  if (Object.values(options).some((value) => value.includes("\0"))) throw refuse("an option holds a NUL");
  const { type, device = "", o = "", size } = options;
  const bytes = size === undefined ? undefined : parseSize(size, refuse);
  if (type === undefined) return { size: bytes, mount: undefined };
  if (bytes !== undefined) {
    throw refuse(
      `"size" limits a folder of the engine's; of what is mounted by "type" the limit is the file system's, as in "o=size=${size}"`,
    );
  }
  return { size: undefined, mount: { type, device, options: o } };
}

function parseSize(text: string, refuse: (reason: string) => EngineError): number | undefined {
  const bytes = parseMemory(text);
  if (bytes === undefined || bytes < 0) throw refuse(`invalid size: '${text.slice(0, 80)}'`);
  return bytes === 0 ? undefined : bytes;
}
