import { canonicalName, canonicalString, parseReference, type Reference, withDefaultTag } from "#spec/reference.ts";
import type { SignedIdentity } from "./requirement.ts";

/** A signature that names no repository has to be one that need not: else an image of another repository could be passed off with it. */
export function refusalOfNone(wanted: SignedIdentity): string | undefined {
  if (wanted.type === "matchDigest") return undefined;
  return `it names a digest and no repository; "signedIdentity": {"type": "matchDigest"} in the policy accepts that`;
}

/**
 * Whether a signature that was made for `signed` counts for an image that is asked for as `reference`.
 *
 * @returns why not.
 */
export function refusalOf(wanted: SignedIdentity, signed: string, reference: Reference): string | undefined {
  const named = parsed(signed);
  if (named === undefined) return "the name that it was made for is none";
  const expected = expectedFor(wanted, reference);
  if (expected === undefined || namesOf(named, expected.exact) === expected.name) return undefined;
  const hint = expected.exact && canonicalName(named) === canonicalName(reference) ? hintOfTag : "";
  return `it was made for ${shown(named)}, not for ${expected.name}${hint}`;
}

const hintOfTag = ' (cosign names no tag: "signedIdentity": {"type": "matchRepository"} in the policy accepts that)';

interface Expected {
  readonly name: string;
  /** With the tag. */
  readonly exact: boolean;
}

function expectedFor(wanted: SignedIdentity, reference: Reference): Expected | undefined {
  switch (wanted.type) {
    case "matchDigest":
      return undefined;
    case "matchExact":
      return exactly(reference);
    case "matchRepoDigestOrExact":
      return reference.digest === undefined ? exactly(reference) : repository(reference);
    case "matchRepository":
      return repository(reference);
    case "exactReference":
      return exactly(parseReference(wanted.name));
    case "exactRepository":
      return repository(parseReference(wanted.name));
    case "remapIdentity":
      return remapped(reference, wanted.prefix, wanted.signedPrefix);
  }
}

function remapped(reference: Reference, prefix: string, signedPrefix: string): Expected {
  const expected = reference.digest === undefined ? exactly(reference) : repository(reference);
  const isBelow = expected.name === prefix || [":", "/"].some((next) => expected.name.startsWith(prefix + next));
  return isBelow ? { ...expected, name: signedPrefix + expected.name.slice(prefix.length) } : expected;
}

const exactly = (reference: Reference): Expected => ({ name: canonicalString(withDefaultTag(reference)), exact: true });
const repository = (reference: Reference): Expected => ({ name: canonicalName(reference), exact: false });

/** What has no tag is not taken for `latest` here: a signature says what it says. */
function namesOf(named: Reference, exact: boolean): string {
  return exact ? shown(named) : canonicalName(named);
}

function shown(named: Reference): string {
  return named.tag === undefined ? canonicalName(named) : `${canonicalName(named)}:${named.tag}`;
}

function parsed(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}
