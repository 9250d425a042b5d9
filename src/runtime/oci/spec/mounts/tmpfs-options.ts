import { EngineError } from "#errors/engine-error.ts";

/** Options that undo each other: the last one said wins. */
const OPPOSITES: readonly (readonly [string, string])[] = [
  ["ro", "rw"],
  ["exec", "noexec"],
  ["suid", "nosuid"],
  ["dev", "nodev"],
  ["sync", "async"],
  ["atime", "noatime"],
  ["diratime", "nodiratime"],
  ["relatime", "norelatime"],
  ["strictatime", "nostrictatime"],
  ["mand", "nomand"],
];
const PROPAGATIONS = ["private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"];
/** tmpfs(5); each may be given once, the last one wins. */
const VALUES: Readonly<Record<string, RegExp>> = {
  size: /^\d{1,18}[kmg%]?$/i,
  nr_blocks: /^\d{1,18}[kmg]?$/i,
  nr_inodes: /^\d{1,18}[kmg]?$/i,
  mode: /^[0-7]{1,4}$/,
  uid: /^\d{1,10}$/,
  gid: /^\d{1,10}$/,
  mpol: /^[a-z0-9:=,-]{1,64}$/i,
};
const DEFAULTS = ["noexec", "nosuid", "nodev"];

/**
 * The options of a tmpfs (`rw,size=64m,exec`): no programs, no set-user-id, no devices, unless the user says otherwise.
 *
 * @throws EngineError `invalid` with Docker's text for an option that is no tmpfs's.
 */
export function tmpfsOptions(asked: readonly string[]): string[] {
  const chosen = new Map<string, string>();
  for (const option of [...DEFAULTS, ...asked.filter((text) => text !== "")]) chosen.set(subjectOf(option), option);
  return [...chosen.values()];
}

/** What an option is about: `exec` and `noexec` are about one thing, and so are two sizes. */
function subjectOf(option: string): string {
  const separator = option.indexOf("=");
  if (separator >= 0) return valueSubject(option, option.slice(0, separator), option.slice(separator + 1));
  const pair = OPPOSITES.find((names) => names.includes(option));
  if (pair !== undefined) return pair[0];
  if (PROPAGATIONS.includes(option)) return "propagation";
  throw invalid(option);
}

function valueSubject(option: string, name: string, value: string): string {
  if (Object.hasOwn(VALUES, name) && VALUES[name]?.test(value) === true) return name;
  throw invalid(option);
}

function invalid(option: string): EngineError {
  return new EngineError("invalid", `invalid tmpfs option ${JSON.stringify(option)}`);
}
