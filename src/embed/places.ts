import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

/** Where an engine of a program keeps what is its own. */
export interface Places {
  /** As long as an instance's name may be. */
  readonly instance: string;
  readonly dataRoot: string;
  readonly execRoot: string;
}

const STATE = "/var/lib";
const PREFIX = "dhow-e";
const NAME = /^dhow-e[0-9a-f]{6}$/;

/** For an engine that leaves nothing. Not in the temporary folder, which may be memory, or an overlay that no other can lie on. */
export function placesOfItsOwn(): Places {
  return placesOf(`${PREFIX}${randomBytes(3).toString("hex")}`);
}

/** For one whose images stay. Always the same name for a folder: what a killed daemon left is found by the next. */
export function placesFor(dataRoot: string): Places {
  const path = resolve(dataRoot);
  const name = `${PREFIX}${createHash("sha256").update(path).digest("hex").slice(0, 6)}`;
  return { ...placesOf(name), dataRoot: path };
}

function placesOf(instance: string): Places {
  return { instance, dataRoot: `${STATE}/${instance}`, execRoot: `/run/${instance}` };
}

/** Those of engines that would have left nothing, had their daemon not been killed. */
export function abandonedPlaces(): Places[] {
  const names = readdirSync(STATE).filter((name) => NAME.test(name));
  return names.map(placesOf).filter((places) => !isInUse(places));
}

function isInUse({ execRoot }: Places): boolean {
  try {
    const pid = readFileSync(`${execRoot}/dhowd.pid`, "utf8").trim();
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(execRoot);
  } catch {
    return false;
  }
}
