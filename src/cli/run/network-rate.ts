import type { RateChange } from "#spec/network/rate.ts";
import { invalid } from "../arguments/flag.ts";

const FIELDS: Readonly<Record<string, keyof RateChange>> = { in: "RateIn", out: "RateOut", "in-burst": "BurstIn", "out-burst": "BurstOut" };
const WANT = "must be a rate such as 10mbit, or in=RATE,out=RATE,in-burst=BYTES,out-burst=BYTES; none for no limit";

/**
 * `10mbit` for both directions, or some of `in=10mbit,out=2mbit,in-burst=64k,out-burst=32k`. `none`, in place of a rate or of it all, takes
 * a limit away, and its burst with it. What a rate may be the engine says.
 */
export function parseNetworkRate(text: string): RateChange {
  if (!text.includes("=")) return { ...rate("RateIn", text), ...rate("RateOut", text) };
  let change: RateChange = {};
  for (const part of text.split(",")) {
    const [, name = "", value = ""] = /^([a-z-]+)=(.+)$/.exec(part) ?? [];
    const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (field === undefined || change[field] !== undefined) invalid(WANT);
    change = { ...change, ...(field === "RateIn" || field === "RateOut" ? rate(field, value) : { [field]: value }) };
  }
  return change;
}

function rate(field: "RateIn" | "RateOut", text: string): RateChange {
  if (text === "") invalid(WANT);
  if (text !== "none") return { [field]: text };
  return field === "RateIn" ? { RateIn: "", BurstIn: "" } : { RateOut: "", BurstOut: "" };
}
