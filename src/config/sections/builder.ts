import { buildPruneFilterKeys } from "#spec/filters/build.ts";
import type { DiskSpace, GcRule } from "#spec/build/gc.ts";
import type { Filters } from "#spec/filters/filters.ts";
import { parseDuration } from "#lib/duration.ts";
import { parseMemory } from "#lib/units.ts";
import { ConfigError } from "../config-error.ts";
import type { BuilderConfig } from "../daemon-config.ts";

const GIB = 1024 ** 3;
/** A tenth of the disk, as dockerd's rule; and a cache is the first to go when others have filled the disk, but for a little to build with. */
const USUAL: GcRule = {
  all: false,
  reserved: { bytes: GIB },
  mostUsed: { percent: 10 },
  leastFree: { percent: 10 },
  unusedFor: undefined,
  filters: new Map(),
};

type Fields = Readonly<Record<string, unknown>>;

/**
 * `builder` of daemon.json, as dockerd has it: `gc` with `enabled`, `defaultReservedSpace` (once `defaultKeepStorage`), `defaultMaxUsedSpace`,
 * `defaultMinFreeSpace` and a `policy` of rules; `entitlements`.
 *
 * @throws ConfigError naming the key.
 */
export function buildBuilder(builder: Fields | undefined): BuilderConfig {
  const { gc, entitlements } = known("builder", builder ?? {}, ["gc", "entitlements"]);
  return { gc: { rules: rulesOf(object("builder.gc", gc)) }, entitlements: entitlementsOf(object("builder.entitlements", entitlements)) };
}

const GC_KEYS = ["enabled", "defaultKeepStorage", "defaultReservedSpace", "defaultMaxUsedSpace", "defaultMinFreeSpace", "policy"];

function rulesOf(gc: Fields): readonly GcRule[] {
  const at = "builder.gc";
  known(at, gc, GC_KEYS);
  if (boolean(`${at}.enabled`, gc["enabled"]) === false) return [];
  const policy = gc["policy"];
  if (policy !== undefined && !Array.isArray(policy)) throw new ConfigError(`${at}.policy: want a list`);
  if (policy !== undefined && policy.length > 0)
    return policy.map((rule, index) => ruleOf(`${at}.policy[${index}]`, object(`${at}.policy[${index}]`, rule)));
  const keep =
    space(`${at}.defaultReservedSpace`, gc["defaultReservedSpace"]) ?? space(`${at}.defaultKeepStorage`, gc["defaultKeepStorage"]);
  const most = space(`${at}.defaultMaxUsedSpace`, gc["defaultMaxUsedSpace"]);
  return [
    {
      ...USUAL,
      // What is to be kept may be more than the usual limit.
      mostUsed: most ?? keep ?? USUAL.mostUsed,
      reserved: keep ?? USUAL.reserved,
      leastFree: space(`${at}.defaultMinFreeSpace`, gc["defaultMinFreeSpace"]) ?? USUAL.leastFree,
    },
  ];
}

const RULE_KEYS = ["keepStorage", "reservedSpace", "maxUsedSpace", "minFreeSpace", "filter", "all"];

function ruleOf(at: string, rule: Fields): GcRule {
  known(at, rule, RULE_KEYS);
  const filters = filtersOf(`${at}.filter`, rule["filter"]);
  const unused = [...(filters.get("unused-for") ?? []), ...(filters.get("until") ?? [])];
  if (unused.length > 1) throw new ConfigError(`${at}.filter: more than one unused-for`);
  return {
    all: boolean(`${at}.all`, rule["all"]) ?? false,
    reserved: space(`${at}.reservedSpace`, rule["reservedSpace"]) ?? space(`${at}.keepStorage`, rule["keepStorage"]),
    mostUsed: space(`${at}.maxUsedSpace`, rule["maxUsedSpace"]),
    leastFree: space(`${at}.minFreeSpace`, rule["minFreeSpace"]),
    unusedFor: unused[0] === undefined ? undefined : milliseconds(`${at}.filter`, unused[0]),
    filters: new Map([...filters].filter(([key]) => key !== "unused-for" && key !== "until")),
  };
}

/** `["unused-for=48h", "type=exec.cachemount"]`; an older form is an object of objects. */
function filtersOf(at: string, value: unknown): Filters {
  const filters = new Map<string, string[]>();
  for (const text of filterTexts(at, value)) {
    const [, key = "", item = ""] = /^([^=]+)==?(.*)$/s.exec(text) ?? [];
    if (!buildPruneFilterKeys.some((one) => one === key)) throw new ConfigError(`${at}: unknown filter ${JSON.stringify(text)}`);
    filters.set(key, [...(filters.get(key) ?? []), item]);
  }
  return filters;
}

function filterTexts(at: string, value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((one): one is string => typeof one === "string")) return value;
  if (typeof value !== "object" || Array.isArray(value)) throw new ConfigError(`${at}: want a list of key=value`);
  return Object.entries(value).flatMap(([key, values]) => Object.keys(object(at, values)).map((one) => `${key}=${one}`));
}

function milliseconds(at: string, text: string): number {
  const duration = parseDuration(text);
  if (duration === undefined || duration < 0n) throw new ConfigError(`${at}: ${JSON.stringify(text)} is no duration`);
  return Number(duration / 1_000_000n);
}

/** `20GB`, `10%`, or a number of bytes. */
function space(at: string, value: unknown): DiskSpace | undefined {
  if (value === undefined || value === null || value === "" || value === 0) return undefined;
  const percent = typeof value === "string" ? /^(\d{1,2}(?:\.\d{1,3})?|100)%$/.exec(value.trim())?.[1] : undefined;
  if (percent !== undefined) return { percent: Number(percent) };
  const bytes = typeof value === "number" ? value : typeof value === "string" ? parseMemory(value) : undefined;
  if (bytes === undefined || !Number.isSafeInteger(bytes) || bytes < 0)
    throw new ConfigError(`${at}: ${JSON.stringify(value)} is no size: want bytes, 20GB or 10%`);
  return { bytes };
}

const ENTITLEMENTS = ["network-host", "security-insecure", "device"];

function entitlementsOf(entitlements: Fields): BuilderConfig["entitlements"] {
  const at = "builder.entitlements";
  known(at, entitlements, ENTITLEMENTS);
  if (boolean(`${at}.device`, entitlements["device"]) === true) throw new ConfigError(`${at}.device is not implemented yet by Dhow`);
  return {
    networkHost: boolean(`${at}.network-host`, entitlements["network-host"]) ?? true,
    securityInsecure: boolean(`${at}.security-insecure`, entitlements["security-insecure"]) ?? false,
  };
}

function known(at: string, fields: Fields, keys: readonly string[]): Fields {
  const unknown = Object.keys(fields).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw new ConfigError(`${at}: unknown key ${JSON.stringify(unknown)}`);
  return fields;
}

function object(at: string, value: unknown): Fields {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw new ConfigError(`${at}: want an object`);
  return value as Fields;
}

function boolean(at: string, value: unknown): boolean | undefined {
  if (value === undefined || value === null || typeof value === "boolean") return value ?? undefined;
  throw new ConfigError(`${at}: want true or false`);
}
