import { randomInt } from "node:crypto";
import { adjectives, nouns } from "./name-words.ts";

/** `salty_pelican`: one of about 17,000. */
export function randomName(pick: (below: number) => number = (below) => randomInt(below)): string {
  return `${adjectives[pick(adjectives.length)]}_${nouns[pick(nouns.length)]}`;
}

/**
 * A name that is free now. The more names are taken, the longer the tail of digits, so that the search always ends.
 *
 * @param isFree decides, and may reserve the name it accepts.
 */
export function freeRandomName(isFree: (name: string) => boolean, pick?: (below: number) => number): string {
  for (let attempt = 0; ; attempt += 1) {
    const tail = attempt < 6 ? "" : String(randomInt(10 ** Math.min(attempt - 5, 9)));
    const name = randomName(pick) + tail;
    if (isFree(name)) return name;
  }
}
