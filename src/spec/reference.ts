import { EngineError } from "#errors/engine-error.ts";
import { isDigest, type Digest } from "./digest.ts";

/**
 * An image reference in its full form. The familiar form that people type leaves out `docker.io/` and `library/`.
 * Grammar and rules: the distribution project's reference package, which every Docker client follows.
 */
export interface Reference {
  /** `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly domain: string;
  /** `library/ubuntu`, `team/app`. */
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

const DEFAULT_DOMAIN = "docker.io";
const LEGACY_DOMAIN = "index.docker.io";
const OFFICIAL = "library/";
const LONGEST_PATH = 255;
/** More than the longest domain, path, tag and digest together; keeps the patterns below from ever seeing a long text. */
const LONGEST_TEXT = 1024;

const PART = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const DOMAIN = new RegExp(`^(?:${PART}(?:\\.${PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const PATH = `${COMPONENT}(?:/${COMPONENT})*`;
const TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const REMAINDER = new RegExp(`^(${PATH})(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const WHOLE_TAG = new RegExp(`^${TAG}$`);
const IDENTIFIER = /^[a-f0-9]{64}$/;

/**
 * Parses what a person typed: `ubuntu`, `localhost:5000/app:v1`, `name:tag@sha256:…`. The tag is left undefined when none is given.
 *
 * @throws EngineError `invalid` with Docker's texts.
 */
export function parseReference(text: string): Reference {
  if (IDENTIFIER.test(text)) throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  if (text.length > LONGEST_TEXT) throw invalidFormat();
  const { domain, remainder } = splitDomain(text);
  const [path = ""] = remainder.split(":", 1);
  if (path.toLowerCase() !== path) throw invalid(`invalid reference format: repository name (${path}) must be lowercase`);
  const match = REMAINDER.exec(remainder);
  if (match?.[1] === undefined || !DOMAIN.test(domain)) throw invalidFormat();
  if (match[1].length > LONGEST_PATH) throw invalid(`repository name must not be more than ${LONGEST_PATH} characters`);
  return { domain, path: match[1], tag: match[2], digest: parsedDigest(match[3]) };
}

/** The first component is a registry when it could not be a namespace: it has a dot, a colon or a capital, or is `localhost`. */
function splitDomain(text: string): { domain: string; remainder: string } {
  const slash = text.indexOf("/");
  if (slash < 0) return { domain: DEFAULT_DOMAIN, remainder: OFFICIAL + text };
  const first = text.slice(0, slash);
  const rest = text.slice(slash + 1);
  const isDomain = first === "localhost" || /[.:]/.test(first) || first.toLowerCase() !== first;
  const domain = !isDomain || first === LEGACY_DOMAIN ? DEFAULT_DOMAIN : first;
  const remainder = isDomain ? rest : text;
  return { domain, remainder: domain === DEFAULT_DOMAIN && !remainder.includes("/") ? OFFICIAL + remainder : remainder };
}

function parsedDigest(text: string | undefined): Digest | undefined {
  if (text === undefined || isDigest(text)) return text;
  throw invalid(text.startsWith("sha256:") ? "invalid checksum digest length" : "unsupported digest algorithm");
}

/** What a caller names an image by: an id, or a reference. 64 hex digits are always an id. */
export type ImageName = { readonly kind: "id"; readonly id: Digest } | { readonly kind: "reference"; readonly reference: Reference };

/** @throws EngineError `invalid`. */
export function parseImageName(text: string): ImageName {
  if (IDENTIFIER.test(text)) return { kind: "id", id: `sha256:${text}` };
  if (isDigest(text)) return { kind: "id", id: text };
  return { kind: "reference", reference: parseReference(text) };
}

/** @throws EngineError `invalid` (`invalid tag format`). */
export function withTag(reference: Reference, tag: string): Reference {
  if (!WHOLE_TAG.test(tag)) throw invalid("invalid tag format");
  return { ...reference, tag };
}

export function withDigest(reference: Reference, digest: Digest): Reference {
  return { ...reference, tag: undefined, digest };
}

/** `latest`, when neither a tag nor a digest is given. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: "latest" } : reference;
}

/** `docker.io/library/ubuntu`. */
export function canonicalName(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

/** `docker.io/library/ubuntu:latest`. */
export function canonicalString(reference: Reference): string {
  return canonicalName(reference) + suffix(reference);
}

/** `ubuntu`. */
export function familiarName(reference: Reference): string {
  if (reference.domain !== DEFAULT_DOMAIN) return canonicalName(reference);
  const official = reference.path.startsWith(OFFICIAL) && !reference.path.slice(OFFICIAL.length).includes("/");
  return official ? reference.path.slice(OFFICIAL.length) : reference.path;
}

/** `ubuntu:latest`. */
export function familiarString(reference: Reference): string {
  return familiarName(reference) + suffix(reference);
}

function suffix(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  return reference.digest === undefined ? tag : `${tag}@${reference.digest}`;
}

function invalidFormat(): EngineError {
  return invalid("invalid reference format");
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message);
}
