import type { QueryFilters } from "#client/query.ts";
import { invalid, type Flag } from "./flag.ts";

/** `--filter name=value`, any number of times: a key matches by one of its values, and every key has to. */
export const filterFlag: Flag<QueryFilters> = {
  short: "f",
  value: "filter",
  help: "Filter output based on conditions provided",
  initial: {},
  read: (given, before) => {
    const at = given.indexOf("=");
    if (at < 0) invalid("bad format of filter (expected name=value)");
    const name = given.slice(0, at).trim().toLowerCase();
    return { ...before, [name]: [...(before[name] ?? []), given.slice(at + 1).trim()] };
  },
};
