import { readFileSync } from "node:fs";
import { messageOf } from "#errors/engine-error.ts";
import { ConfigError } from "../config-error.ts";
import { type AccountFiles, resolveUserRemap, type UserRemap } from "../values/userns-remap.ts";

const FILES = ["passwd", "group", "subuid", "subgid"] as const;

/** @throws ConfigError when the setting names nobody who has subordinate ids. */
export function buildUserRemap(setting: string | undefined): UserRemap | undefined {
  if (setting === undefined || setting === "") return undefined;
  return resolveUserRemap(
    setting,
    Object.fromEntries(FILES.map((name) => [name, readAccounts(name)])) as Record<keyof AccountFiles, string>,
  );
}

function readAccounts(name: string): string {
  try {
    return readFileSync(`/etc/${name}`, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw new ConfigError(`userns-remap: ${messageOf(error)}`, { cause: error });
  }
}
