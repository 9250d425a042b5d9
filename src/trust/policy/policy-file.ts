import { readFile } from "node:fs/promises";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { parsePolicy } from "./parse-policy.ts";
import { DEFAULT_POLICY } from "./policy-exists.ts";
import type { SignaturePolicy } from "./requirement.ts";

/**
 * The policy as it is now: it is read for each pull, with the keys that it names, so that a key that was taken out counts no more.
 *
 * @param path undefined: the usual one, where it is no error that there is none.
 * @returns undefined where there is none.
 * @throws EngineError `forbidden` for one that cannot be read or understood: then nothing is pulled.
 */
export async function readPolicy(path: string | undefined): Promise<SignaturePolicy | undefined> {
  const file = path ?? DEFAULT_POLICY;
  try {
    return await parsePolicy(await readFile(file, "utf8"), readFile);
  } catch (cause) {
    if (path === undefined && cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new EngineError("forbidden", `the signature policy ${file} cannot be used, so no image is accepted: ${messageOf(cause)}`, {
      cause,
    });
  }
}
