/** For tests: a folder of the host that nothing may touch. */
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Canary {
  readonly folder: string;
  /** All there is to know of it; must not change. */
  readonly look: () => unknown;
}

export const CANARY_TEXT = "CANARY";

export function makeCanary(folder: string): Canary {
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, "canary"), CANARY_TEXT);
  chmodSync(join(folder, "canary"), 0o600);
  return {
    folder,
    look: () =>
      [".", ...readdirSync(folder)].map((name) => {
        const { mode, uid, gid, nlink, mtimeMs, ctimeMs, ino } = lstatSync(join(folder, name));
        return { name, mode, uid, gid, nlink, mtimeMs, ctimeMs, ino, text: name === "." ? "" : readFileSync(join(folder, name), "utf8") };
      }),
  };
}
