import { parseJsonText } from "#lib/json/text.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { OciPlatform } from "./oci-image/types.ts";

/** `linux/arm/v7`, in the normal form: lower case, Go's names of architectures, and a variant only where it distinguishes. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
}

const COMPONENT = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

const ARCHITECTURES: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  x86_64: ["amd64"],
  "x86-64": ["amd64"],
  x64: ["amd64"],
  i386: ["386"],
  ia32: ["386"],
  aarch64: ["arm64"],
  armhf: ["arm", "v7"],
  armel: ["arm", "v6"],
};

/** Variants that say no more than the architecture alone. */
const IMPLIED: ReadonlySet<string> = new Set(["arm64/v8", "arm64/8", "amd64/v1"]);

/** The platform of the machine this runs on. */
export function hostPlatform(): Platform {
  return normalizePlatform({ os: process.platform, architecture: process.arch });
}

export function normalizePlatform(platform: OciPlatform): Platform {
  const os = platform.os.toLowerCase();
  const given = platform.architecture.toLowerCase();
  const known = Object.hasOwn(ARCHITECTURES, given) ? ARCHITECTURES[given] : undefined;
  const architecture = known?.[0] ?? given;
  const variant = normalizeVariant(architecture, platform.variant?.toLowerCase() || known?.[1]);
  return { os: os === "macos" ? "darwin" : os, architecture, variant };
}

function normalizeVariant(architecture: string, variant: string | undefined): string | undefined {
  if (architecture === "arm") return variant === undefined ? "v7" : variant.replace(/^(?=\d)/, "v");
  return variant === undefined || IMPLIED.has(`${architecture}/${variant}`) ? undefined : variant;
}

/**
 * Parses `os[/arch[/variant]]`. A single word is an operating system or an architecture, the other taken from the host.
 *
 * @throws EngineError `invalid`.
 */
export function parsePlatform(text: string, host: Platform = hostPlatform()): Platform {
  const parts = text.split("/");
  if (parts.length > 3 || !parts.every((part) => COMPONENT.test(part))) {
    throw new EngineError("invalid", `${JSON.stringify(text.slice(0, 200))} is an invalid platform: want os[/arch[/variant]]`);
  }
  const [first = "", architecture, variant] = parts;
  if (architecture !== undefined) return normalizePlatform({ os: first, architecture, ...(variant === undefined ? {} : { variant }) });
  const isSystem = ["linux", "windows", "darwin", "macos", "freebsd"].includes(first.toLowerCase());
  return isSystem ? { ...host, os: first.toLowerCase() } : normalizePlatform({ os: host.os, architecture: first });
}

/**
 * Parses the JSON form of a query, `{"os":"linux","architecture":"arm","variant":"v5"}`.
 *
 * @throws EngineError `invalid` with Docker's texts.
 */
export function parsePlatformJson(text: string): Platform {
  let value: unknown;
  try {
    value = parseJsonText(text);
  } catch (cause) {
    throw new EngineError("invalid", "failed to parse platform: not JSON", { cause });
  }
  const field = (name: string): string => {
    const found = typeof value === "object" && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : "";
    if (typeof found !== "string") throw new EngineError("invalid", `failed to parse platform: ${name} is not a string`);
    return found;
  };
  if (field("os") === "" || field("architecture") === "") {
    throw new EngineError("invalid", "both OS and Architecture must be provided");
  }
  return normalizePlatform({ os: field("os"), architecture: field("architecture"), variant: field("variant") });
}

export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, ...(platform.variant === undefined ? [] : [platform.variant])].join("/");
}

/** What a machine that asks for `wanted` can run, best first: itself, then older variants of the same line. */
function acceptable(wanted: Platform): readonly Platform[] {
  const { os } = wanted;
  const arms = (newest: number): Platform[] =>
    range(newest, 5).map((version) => ({ os, architecture: "arm", variant: `v${version}` }) satisfies Platform);
  const version = Number(/^v(\d+)/.exec(wanted.variant ?? "")?.[1] ?? 0);
  switch (wanted.architecture) {
    case "arm":
      return [wanted, ...arms(Math.min(version, 8) - 1)];
    case "arm64":
      return [wanted, { os, architecture: "arm64", variant: undefined }, ...arms(8)];
    case "amd64":
      return [wanted, ...range(version - 1, 2).map((older) => ({ ...wanted, variant: `v${older}` })), { ...wanted, variant: undefined }];
    default:
      return [wanted];
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, from - to + 1) }, (_, index) => from - index);
}

/** 0 is the best match, larger is worse, undefined is none. */
export function rankOf(wanted: Platform, offered: OciPlatform): number | undefined {
  const text = formatPlatform(normalizePlatform(offered));
  const rank = acceptable(wanted).findIndex((platform) => formatPlatform(platform) === text);
  return rank < 0 ? undefined : rank;
}

/** An image whose configuration names no variant fits any of its architecture (the field came late to the specification). */
export function imageMatches(wanted: Platform, image: OciPlatform): boolean {
  if (rankOf(wanted, image) !== undefined) return true;
  const normal = normalizePlatform(image);
  return !image.variant && normal.os === wanted.os && normal.architecture === wanted.architecture;
}
