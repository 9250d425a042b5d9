import type { KeyObject } from "node:crypto";
import type { Bundle } from "@sigstore/bundle";
import type { TrustMaterial, VerifierOptions } from "@sigstore/verify";
import { messageOf } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import type { Reference } from "#spec/reference.ts";
import type { ManifestToCheck } from "../contract.ts";
import { listIn, objectIn, parseDocument, textIn } from "../document.ts";
import { refusalOf, refusalOfNone } from "../policy/identity.ts";
import type { SignedIdentity, SigstoreSigners } from "../policy/requirement.ts";
import { rootOf } from "../policy/sigstore-requirement.ts";
import { quoted, Refusal } from "../refusal.ts";

type Keys = Extract<SigstoreSigners, { kind: "keys" }>;
type Keyless = Extract<SigstoreSigners, { kind: "keyless" }>;

const STATEMENT = "application/vnd.in-toto+json";
/** A statement of another predicate (provenance, a bill of materials) is about an image, and does not vouch for it. */
const SIGNED = "https://sigstore.dev/cosign/sign/v1";

/**
 * Verifies a Sigstore bundle as cosign 3 makes it: a statement about the manifest's digest, or a signature of the manifest's own bytes.
 *
 * @throws Refusal.
 */
export async function verifyBundle(
  document: Buffer,
  manifest: ManifestToCheck,
  reference: Reference,
  signers: SigstoreSigners,
  identity: SignedIdentity,
): Promise<string> {
  const json = parseDocument(document, "the bundle");
  const bundle = await parseBundle(json);
  const signedBy = await verifySigners(bundle, json, manifest.bytes, signers);
  const name = bundle.content.$case === "dsseEnvelope" ? nameInStatement(bundle.content.dsseEnvelope, manifest.digest) : undefined;
  const refusal = name === undefined ? refusalOfNone(identity) : refusalOf(identity, name, reference);
  if (refusal !== undefined) throw new Refusal(refusal);
  return signedBy;
}

async function verifySigners(bundle: Bundle, json: object, artifact: Buffer, signers: SigstoreSigners): Promise<string> {
  const isByKey = bundle.verificationMaterial.content.$case === "publicKey";
  if (signers.kind === "keyless") {
    if (isByKey) throw new Refusal("it was made with a key, and the policy wants a certificate");
    return verifyByCertificate(json, artifact, signers);
  }
  if (!isByKey) throw new Refusal("it was made with a certificate, and the policy wants a key");
  return signers.rekorKeys.length > 0 ? verifyByKeyInLog(json, artifact, signers) : verifyByKey(bundle, artifact, signers);
}

/** By somebody whom the authorities vouch for, at a time that a log or a timestamp authority vouches for. @throws Refusal. */
export async function verifyByCertificate(json: object, artifact: Buffer, { root, issuer, subject }: Keyless): Promise<string> {
  const { toTrustMaterial } = await import("@sigstore/verify");
  const bundle = await parseBundle(json);
  // Logs of certificates are asked of where the root knows any; entries of Rekor where it has a log.
  const options = { ctlogThreshold: root.ctlogs.length > 0 ? 1 : 0, tlogThreshold: root.tlogs.length > 0 ? 1 : 0, timestampThreshold: 1 };
  const { identity } = await verified(bundle, artifact, toTrustMaterial(root), options);
  const [foundSubject, foundIssuer] = [identity?.subjectAlternativeName ?? "nobody", identity?.extensions?.issuer ?? "nobody"];
  if (foundIssuer !== issuer)
    throw new Refusal(`${quoted(foundSubject)} has signed it, whom ${quoted(foundIssuer)} vouches for, not ${issuer}`);
  if (!subject.matches(foundSubject)) throw new Refusal(`${quoted(foundSubject)} has signed it, not ${subject.text}`);
  return `${quoted(foundSubject)} (${quoted(foundIssuer)})`;
}

/** By one of the keys, and with an entry in the log that has this very signature. @throws Refusal. */
export async function verifyByKeyInLog(json: object, artifact: Buffer, { keys, rekorKeys }: Keys): Promise<string> {
  const { toTrustMaterial } = await import("@sigstore/verify");
  const bundle = await parseBundle(json);
  const root = await rootOf([], rekorKeys);
  await verifiedByAny(keys, (key) => {
    const material = toTrustMaterial(root, () => ({ publicKey: key, validFor: () => true }));
    return verified(bundle, artifact, material, { ctlogThreshold: 0, tlogThreshold: 1, timestampThreshold: 0 });
  });
  return "a key of the policy, in the log";
}

/** By one of the keys alone: what else the bundle has is proof for whoever wants it, and the policy names no log to hold it to. */
async function verifyByKey(bundle: Bundle, artifact: Buffer, { keys }: Keys): Promise<string> {
  const { toTrustMaterial } = await import("@sigstore/verify");
  const root = await rootOf([], []);
  const alone = {
    ...bundle,
    verificationMaterial: { ...bundle.verificationMaterial, tlogEntries: [], timestampVerificationData: undefined },
  } as Bundle;
  await verifiedByAny(keys, (key) => {
    const material = toTrustMaterial(root, () => ({ publicKey: key, validFor: () => true }));
    return verified(alone, artifact, material, { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 });
  });
  return "a key of the policy";
}

async function verifiedByAny(keys: readonly KeyObject[], work: (key: KeyObject) => Promise<unknown>): Promise<void> {
  let last: unknown = new Refusal("the policy has no key");
  for (const key of keys) {
    try {
      await work(key);
      return;
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

async function verified(bundle: Bundle, artifact: Buffer, material: TrustMaterial, options: VerifierOptions) {
  const { toSignedEntity, Verifier } = await import("@sigstore/verify");
  try {
    return new Verifier(material, options).verify(toSignedEntity(bundle, artifact));
  } catch (cause) {
    throw new Refusal(wordsFor(cause), { cause });
  }
}

/** The library's own words, and what lies behind them. */
function wordsFor(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const beneath = error instanceof Error && error.cause instanceof Error ? ` (${quoted(error.cause.message)})` : "";
  const known: Readonly<Record<string, string>> = {
    SIGNATURE_ERROR: "another key made it, or something else was signed",
    CERTIFICATE_ERROR: "its certificate does not lead to an authority of the policy, or was not valid when it signed",
    TIMESTAMP_ERROR: "nothing that the policy trusts says when it was signed",
    TLOG_ERROR: "it has no entry of the transparency log",
    TLOG_INCLUSION_PROMISE_ERROR: "its log entry is not signed by a log of the policy",
    TLOG_INCLUSION_PROOF_ERROR: "its log entry is not proven to be in a log of the policy",
    TLOG_MISSING_INCLUSION_ERROR: "its log entry is not proven to be in a log of the policy",
    TLOG_BODY_ERROR: "its log entry is another signature's",
  };
  return `${known[code] ?? "it cannot be verified"}: ${quoted(messageOf(error))}${beneath}`;
}

async function parseBundle(json: object): Promise<Bundle> {
  const { bundleFromJSON } = await import("@sigstore/bundle");
  try {
    return bundleFromJSON(json);
  } catch (cause) {
    throw new Refusal(`it is no Sigstore bundle: ${quoted(messageOf(cause))}`, { cause });
  }
}

/** The name, if any, under which the statement has the digest. @throws Refusal when it has it not. */
function nameInStatement(
  { payloadType, payload }: { readonly payloadType: string; readonly payload: Buffer },
  digest: Digest,
): string | undefined {
  if (payloadType !== STATEMENT) throw new Refusal(`it signs no statement: ${quoted(payloadType)}`);
  const statement = parseDocument(payload, "its statement");
  const predicate = textIn(statement["predicateType"], "predicateType");
  if (predicate !== SIGNED) throw new Refusal(`it says something about the image and is no signature of it: ${quoted(predicate)}`);
  const subjects = listIn(statement["subject"], "subject").map((subject) => objectIn(subject, "a subject"));
  const about = subjects.find((subject) => `sha256:${String(objectIn(subject["digest"], "a subject's digest")["sha256"])}` === digest);
  if (about === undefined) throw new Refusal("it was made for another image");
  return typeof about["name"] === "string" && about["name"] !== "" ? about["name"] : undefined;
}
