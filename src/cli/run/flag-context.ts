import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { Cli } from "../cli.ts";
import type { FlagContext } from "./request.ts";

/** The user's side, for flags that take something of it. */
export function flagContext({ environment, currentFolder }: Pick<Cli, "environment" | "currentFolder">): FlagContext {
  const readText = (path: string): string => {
    try {
      return readFileSync(resolve(currentFolder, path), "utf8");
    } catch (cause) {
      throw new EngineError("invalid", messageOf(cause), { cause });
    }
  };
  return { environment, currentFolder, readText };
}
