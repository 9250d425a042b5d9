import { createHash, verify, X509Certificate } from "node:crypto";
import { messageOf } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import type { Reference } from "#spec/reference.ts";
import type { Candidate } from "../candidate.ts";
import { objectIn, parseDocument, textIn } from "../document.ts";
import { refusalOf } from "../policy/identity.ts";
import type { SignedIdentity, SigstoreSigners } from "../policy/requirement.ts";
import { quoted, Refusal } from "../refusal.ts";
import { verifyByCertificate, verifyByKeyInLog } from "./verify-bundle.ts";

const SIGNATURE = "dev.cosignproject.cosign/signature";
const CERTIFICATE = "dev.sigstore.cosign/certificate";
const LOG_ENTRY = "dev.sigstore.cosign/bundle";
const TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp";

/** Who was found to have signed. */
export type SignedBy = string;

/**
 * Verifies cosign's older form: a layer that says what is signed (SIGNATURE_SPEC.md of cosign), and annotations that say by whom.
 *
 * @throws Refusal.
 */
export async function verifySimpleSigning(
  candidate: Candidate,
  payload: Buffer,
  { digest, reference }: { readonly digest: Digest; readonly reference: Reference },
  signers: SigstoreSigners,
  identity: SignedIdentity,
): Promise<SignedBy> {
  const signedBy = await verifySigner(candidate, payload, signers);
  // What it says counts for nothing before it is known whose words they are.
  checkPayload(payload, digest, reference, identity);
  return signedBy;
}

async function verifySigner({ annotations }: Candidate, payload: Buffer, signers: SigstoreSigners): Promise<SignedBy> {
  const text = annotations[SIGNATURE];
  if (text === undefined) throw new Refusal(`the annotation ${SIGNATURE} is missing`);
  const signature = Buffer.from(text, "base64");
  if (signers.kind === "keyless") {
    const certificate = annotations[CERTIFICATE];
    if (certificate === undefined) throw new Refusal("it was made with a key, and the policy wants a certificate");
    const material = { x509CertificateChain: { certificates: [{ rawBytes: derOf(certificate).toString("base64") }] } };
    return verifyByCertificate(bundleOf(annotations, payload, signature, material), payload, signers);
  }
  if (signers.rekorKeys.length > 0)
    return verifyByKeyInLog(bundleOf(annotations, payload, signature, { publicKey: { hint: "" } }), payload, signers);
  const isOurs = signers.keys.some((key) => verify(key.asymmetricKeyType === "ed25519" ? null : "sha256", payload, key, signature));
  if (!isOurs)
    throw new Refusal(
      annotations[CERTIFICATE] === undefined ? "another key made it" : "a certificate's key made it, and the policy wants another",
    );
  return "a key of the policy";
}

function derOf(pem: string): Buffer {
  try {
    return new X509Certificate(pem).raw;
  } catch (cause) {
    throw new Refusal(`its certificate is none: ${messageOf(cause)}`, { cause });
  }
}

/** The same in the newer form, for one way of verifying both. */
function bundleOf(annotations: Candidate["annotations"], payload: Buffer, signature: Buffer, material: object): object {
  const entry = annotations[LOG_ENTRY];
  const timestamp = annotations[TIMESTAMP];
  return {
    mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1",
    verificationMaterial: {
      ...material,
      tlogEntries: entry === undefined ? [] : [logEntryOf(entry)],
      ...(timestamp === undefined ? {} : { timestampVerificationData: { rfc3161Timestamps: [timestampOf(timestamp)] } }),
    },
    messageSignature: {
      messageDigest: { algorithm: "SHA2_256", digest: createHash("sha256").update(payload).digest("base64") },
      signature: signature.toString("base64"),
    },
  };
}

function logEntryOf(text: string): object {
  const entry = parseDocument(Buffer.from(text), "its log entry");
  const payload = objectIn(entry["Payload"], "the log entry's Payload");
  const body = textIn(payload["body"], "the log entry's body");
  const { kind, apiVersion } = parseDocument(Buffer.from(body, "base64"), "the log entry's body");
  return {
    logIndex: String(payload["logIndex"]),
    logId: { keyId: Buffer.from(textIn(payload["logID"], "the log's id"), "hex").toString("base64") },
    kindVersion: { kind: textIn(kind, "the entry's kind"), version: textIn(apiVersion, "the entry's version") },
    integratedTime: String(payload["integratedTime"]),
    inclusionPromise: { signedEntryTimestamp: textIn(entry["SignedEntryTimestamp"], "SignedEntryTimestamp") },
    canonicalizedBody: body,
  };
}

function timestampOf(text: string): object {
  return { signedTimestamp: textIn(parseDocument(Buffer.from(text), "its timestamp")["SignedRFC3161Timestamp"], "SignedRFC3161Timestamp") };
}

function checkPayload(bytes: Buffer, digest: Digest, reference: Reference, identity: SignedIdentity): void {
  const critical = objectIn(parseDocument(bytes, "what it signs")["critical"], "critical");
  const type = textIn(critical["type"], "critical.type");
  if (type !== "cosign container image signature" && type !== "atomic container signature")
    throw new Refusal(`it is no image's signature: ${quoted(type)}`);
  const image = textIn(objectIn(critical["image"], "critical.image")["docker-manifest-digest"], "docker-manifest-digest");
  if (image !== digest) throw new Refusal(`it was made for ${quoted(image)}, another image`);
  const name = textIn(objectIn(critical["identity"], "critical.identity")["docker-reference"], "docker-reference");
  const refusal = refusalOf(identity, name, reference);
  if (refusal !== undefined) throw new Refusal(refusal);
}
