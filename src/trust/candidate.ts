import { isEngineError } from "#errors/engine-error.ts";
import { isDigest, type Digest } from "#spec/digest.ts";
import type { Referrer, SignatureSource } from "./contract.ts";
import { listIn, objectIn, parseDocument, textIn } from "./document.ts";
import { quoted, Refusal } from "./refusal.ts";

/** A signature as it lies in the registry, not yet looked at. */
export interface Candidate {
  readonly kind: "simple-signing" | "bundle" | "notation";
  /** Where it is, for people. */
  readonly name: string;
  /** The type that its bytes are said to be of. */
  readonly mediaType: string;
  readonly annotations: Readonly<Record<string, string>>;
  bytes(signal: AbortSignal): Promise<Buffer>;
}

export interface Candidates {
  readonly found: readonly Candidate[];
  /** Documents that could not be read, with why. */
  readonly unreadable: readonly { readonly name: string; readonly because: string }[];
  /** There were more than are looked at. */
  readonly more: boolean;
}

/** Whoever may push to a repository may also push any number of documents about an image: so many are looked at, and no more is fetched. */
export const MOST_CANDIDATES = 32;
const MOST_PAGES = 8;
const DOCUMENT_LIMIT = 1024 * 1024;

const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const NOTATION = "application/vnd.cncf.notary.signature";

/** Signatures of Sigstore's about a manifest: by cosign's tag, and as referrers. */
export async function sigstoreCandidates(source: SignatureSource, digest: Digest, signal: AbortSignal): Promise<Candidates> {
  const tag = `${digest.replace(":", "-")}.sig`;
  const name = `cosign signature ${tag}`;
  const tagged = await documentOf(source, tag, signal);
  const byTag = tagged === undefined ? none : readable(name, () => layersOf(source, tagged(), name, "simple-signing", SIMPLE_SIGNING));
  return joined(byTag, await referring(source, digest, BUNDLE, "bundle", signal));
}

export function notationCandidates(source: SignatureSource, digest: Digest, signal: AbortSignal): Promise<Candidates> {
  return referring(source, digest, NOTATION, "notation", signal);
}

const none: Candidates = { found: [], unreadable: [], more: false };

async function referring(
  source: SignatureSource,
  digest: Digest,
  artifactType: string,
  kind: Candidate["kind"],
  signal: AbortSignal,
): Promise<Candidates> {
  const { referrers, more } = await someReferrers(source, digest, artifactType, signal);
  let all: Candidates = { ...none, more };
  for (const referrer of referrers) {
    const name = `${kind === "bundle" ? "Sigstore bundle" : "Notation signature"} ${referrer.digest.slice(0, 19)}…`;
    const manifest = await documentOf(source, referrer.digest, signal);
    const read = (): Candidates => {
      if (manifest === undefined) throw new Refusal("its manifest is not in the repository");
      return layersOf(source, manifest(), name, kind, undefined);
    };
    all = joined(all, readable(name, read));
  }
  return all;
}

async function someReferrers(source: SignatureSource, digest: Digest, artifactType: string, signal: AbortSignal) {
  const referrers: Referrer[] = [];
  let pages = 0;
  for await (const page of source.referrers(digest, artifactType, signal)) {
    // A registry may leave the type that is asked for aside, and says so in a header that nothing depends on here.
    referrers.push(...page.filter((referrer) => referrer.artifactType === artifactType));
    if (referrers.length > MOST_CANDIDATES || ++pages >= MOST_PAGES) return { referrers: referrers.slice(0, MOST_CANDIDATES), more: true };
  }
  return { referrers, more: false };
}

/** Undefined for what is not there; throws a Refusal when it is read for one that is damaged or too large, which says nothing about the others. */
async function documentOf(source: SignatureSource, reference: string, signal: AbortSignal): Promise<(() => Buffer) | undefined> {
  try {
    const bytes = await source.manifest(reference, DOCUMENT_LIMIT, signal);
    return bytes === undefined ? undefined : () => bytes;
  } catch (cause) {
    if (!isEngineError(cause, "too-large", "invalid")) throw cause;
    return () => {
      throw new Refusal(cause.message, { cause });
    };
  }
}

/** Each layer of such a manifest is a signature. */
function layersOf(
  source: SignatureSource,
  manifest: Buffer,
  name: string,
  kind: Candidate["kind"],
  mediaType: string | undefined,
): Candidates {
  const layers = listIn(parseDocument(manifest, "its manifest")["layers"], "layers of its manifest").map((layer) =>
    objectIn(layer, "a layer"),
  );
  const wanted = layers.filter((layer) => mediaType === undefined || layer["mediaType"] === mediaType);
  const found = wanted.slice(0, MOST_CANDIDATES).map((layer, index): Candidate => {
    const digest = textIn(layer["digest"], "the digest of a layer");
    if (!isDigest(digest)) throw new Refusal(`${quoted(digest)} is no digest`);
    return {
      kind,
      name: wanted.length > 1 ? `${name}#${index}` : name,
      mediaType: textIn(layer["mediaType"], "the type of a layer"),
      annotations: annotationsOf(layer["annotations"]),
      bytes: (signal) => source.blob(digest, DOCUMENT_LIMIT, signal),
    };
  });
  return { found, unreadable: [], more: wanted.length > MOST_CANDIDATES };
}

function annotationsOf(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  return Object.fromEntries(Object.entries(objectIn(value, "annotations")).map(([key, text]) => [key, textIn(text, "an annotation")]));
}

function readable(name: string, read: () => Candidates): Candidates {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return unread(name, error.message);
  }
}

function unread(name: string, because: string): Candidates {
  return { ...none, unreadable: [{ name, because }] };
}

function joined(a: Candidates, b: Candidates): Candidates {
  const found = [...a.found, ...b.found];
  return {
    found: found.slice(0, MOST_CANDIDATES),
    unreadable: [...a.unreadable, ...b.unreadable].slice(0, MOST_CANDIDATES),
    more: a.more || b.more || found.length > MOST_CANDIDATES,
  };
}
