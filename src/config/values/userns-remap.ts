import type { IdMapping, IdRange } from "#lib/id-mapping.ts";
import { ConfigError } from "../config-error.ts";

/** What /etc/passwd, /etc/group, /etc/subuid and /etc/subgid say. */
export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
  readonly subuid: string;
  readonly subgid: string;
}

/** The users that containers run as, seen from the host. */
export interface UserRemap {
  /** Whose subordinate ids they are. */
  readonly user: string;
  readonly mapping: IdMapping;
  /** Lines that the daemon adds to /etc/subuid and /etc/subgid, so that nobody else is given these ids. */
  readonly claims: { readonly subuid?: string; readonly subgid?: string };
}

/** Of `userns-remap: default`, as Docker has `dockremap`. Only its name in the two files matters: there is no such account. */
const REMAP_USER = "dhowremap";
const RANGE_SIZE = 65_536;
/** Where useradd begins to give subordinate ids. */
const FIRST_RANGE = 100_000;
const LARGEST_ID = 0xffff_fffe;

/**
 * Finds the mapping for `userns-remap`: `default`, `user`, `user:group`, `uid` or `uid:gid`.
 *
 * @returns undefined for root, whom Docker leaves unmapped as well.
 * @throws ConfigError with Docker's texts for an unknown account, or one without subordinate ids.
 */
export function resolveUserRemap(setting: string, files: AccountFiles): UserRemap | undefined {
  if (setting === "default") return defaultRemap(files);
  const [userPart = "", groupPart, ...more] = setting.split(":");
  if (userPart === "" || groupPart === "" || more.length > 0) {
    throw new ConfigError(`invalid user/group specification in --userns-remap: ${JSON.stringify(setting)}`);
  }
  const user = findUser(userPart, files.passwd);
  const group = groupPart === undefined ? user.name : findGroup(groupPart, files.group);
  if (user.name === "root") return undefined;
  const uids = rangesOf(files.subuid, [user.name, user.id]);
  const gids = rangesOf(files.subgid, [group, user.name, user.id]);
  if (uids.length === 0) throw missing("subuid", user.name);
  if (gids.length === 0) throw missing("subgid", group);
  return { user: user.name, mapping: { uids, gids }, claims: {} };
}

function defaultRemap({ subuid, subgid }: AccountFiles): UserRemap {
  const [uids, gids] = [rangesOf(subuid, [REMAP_USER]), rangesOf(subgid, [REMAP_USER])];
  const free: IdRange = { containerID: 0, hostID: firstFree([subuid, subgid]), size: RANGE_SIZE };
  const line = `${REMAP_USER}:${free.hostID}:${free.size}`;
  return {
    user: REMAP_USER,
    mapping: { uids: uids.length === 0 ? [free] : uids, gids: gids.length === 0 ? [free] : gids },
    claims: { ...(uids.length === 0 ? { subuid: line } : {}), ...(gids.length === 0 ? { subgid: line } : {}) },
  };
}

/** Behind everything that was ever given to somebody. */
function firstFree(files: readonly string[]): number {
  const ends = files.flatMap((text) => subordinateLines(text).map(({ start, size }) => start + size));
  return Math.max(FIRST_RANGE, ...ends);
}

function findUser(part: string, passwd: string): { name: string; id: string } {
  const [name, , id] = linesOf(passwd).find((fields) => fields[isNumber(part) ? 2 : 0] === part) ?? [];
  if (name !== undefined && id !== undefined) return { name, id };
  throw new ConfigError(
    isNumber(part) ? `uid ${part} has no entry in /etc/passwd` : `error during uid lookup for ${JSON.stringify(part)}: no such user`,
  );
}

function findGroup(part: string, group: string): string {
  const name = linesOf(group).find((fields) => fields[isNumber(part) ? 2 : 0] === part)?.[0];
  if (name !== undefined) return name;
  throw new ConfigError(
    isNumber(part) ? `gid ${part} has no entry in /etc/group` : `error during gid lookup for ${JSON.stringify(part)}: no such group`,
  );
}

/** The ranges of the first of these names that has any, one behind the other inside the namespace. */
function rangesOf(text: string, names: readonly string[]): IdRange[] {
  const lines = subordinateLines(text);
  const owner = names.find((name) => lines.some((line) => line.owner === name));
  let next = 0;
  return lines
    .filter((line) => line.owner === owner)
    .map(({ start, size }) => {
      const range = { containerID: next, hostID: start, size };
      next += size;
      return range;
    });
}

/** Lines that are none (a comment, a number too large) are not for us to complain of. */
function subordinateLines(text: string): { owner: string; start: number; size: number }[] {
  return linesOf(text).flatMap(([owner = "", first = "", count = ""]) => {
    const [start, size] = [Number(first), Number(count)];
    const valid = isNumber(first) && isNumber(count) && start > 0 && size > 0 && start + size - 1 <= LARGEST_ID;
    return valid ? [{ owner, start, size }] : [];
  });
}

function linesOf(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.trim().split(":"));
}

function isNumber(text: string): boolean {
  return /^\d{1,10}$/.test(text);
}

function missing(file: "subuid" | "subgid", name: string): ConfigError {
  return new ConfigError(
    `can't create ID mappings: no ${file} ranges found for ${JSON.stringify(name)}: add a line such as "${name}:${FIRST_RANGE}:${RANGE_SIZE}" to /etc/${file}`,
  );
}
