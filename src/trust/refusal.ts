/** Why a signature does not count. The message is told to people, and is made of our words and of what the signature says of itself. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

const LONGEST = 200;

/** What a signature says of itself, harmless for a terminal. */
export function quoted(text: string): string {
  return text.slice(0, LONGEST).replace(/\p{Cc}/gu, " ");
}
