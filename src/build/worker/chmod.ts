import { EngineError } from "#errors/engine-error.ts";
import type { Chmod } from "../plan/plan.ts";

const CLAUSE = /^([ugoa]*)((?:[-+=][rwxXst]*)+)$/;
const ACTION = /([-+=])([rwxXst]*)/g;
const BITS: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111 };
const WHO: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };

/** The mode that `--chmod` makes of one. @throws EngineError `invalid`. */
export function chmodded(mode: number, isFolder: boolean, chmod: Chmod): number {
  if (chmod.form === "octal") return chmod.mode;
  return chmod.text.split(",").reduce((before, clause) => applied(before, isFolder, clause, chmod.text), mode);
}

function applied(mode: number, isFolder: boolean, clause: string, text: string): number {
  const [, who = "", actions = ""] = CLAUSE.exec(clause) ?? [];
  if (actions === "") throw new EngineError("invalid", `invalid chmod parameter: '${text}'`);
  const mask = (who === "" ? "a" : who).split("").reduce((bits, one) => bits | (WHO[one] ?? 0), 0);
  let result = mode;
  for (const [, operator = "", letters = ""] of actions.matchAll(ACTION)) {
    const bits = bitsOf(letters, result, isFolder) & mask;
    if (operator === "+") result |= bits;
    else if (operator === "-") result &= ~bits;
    else result = (result & ~(mask & 0o777)) | bits;
  }
  return result;
}

function bitsOf(letters: string, mode: number, isFolder: boolean): number {
  let bits = 0;
  for (const letter of letters) {
    if (letter === "X") bits |= isFolder || (mode & 0o111) !== 0 ? 0o111 : 0;
    else if (letter === "s") bits |= 0o6000;
    else if (letter === "t") bits |= 0o1000;
    else bits |= BITS[letter] ?? 0;
  }
  return bits;
}
