/** A whole number beyond 2^53, as `JSON.rawJSON` makes it: written digit by digit by `JSON.stringify`. */
export interface RawNumber {
  readonly rawJSON: string;
}

/** A whole number of any size that `JSON.stringify` writes exactly. */
export function jsonNumber(value: bigint): number | RawNumber {
  if (value >= -BigInt(Number.MAX_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  return (JSON as unknown as { rawJSON(text: string): RawNumber }).rawJSON(value.toString());
}
