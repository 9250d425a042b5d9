const SIZE = /^(\d{1,16}(?:\.\d{1,6})?) ?([kmgtp])?i?b?$/i;
const POWERS = "kmgtp";

/**
 * Parses a memory size the way Docker's flags do (`64m`, `1.5GiB`, `1024`): every prefix is a power of 1024.
 * Undefined when it is none, or more than can be counted exactly.
 */
export function parseMemory(text: string): number | undefined {
  const match = SIZE.exec(text.trim());
  if (match === null) return undefined;
  const power = match[2] === undefined ? 0 : POWERS.indexOf(match[2].toLowerCase()) + 1;
  const bytes = Math.floor(Number(match[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
