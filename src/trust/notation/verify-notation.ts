import { constants, verify, X509Certificate } from "node:crypto";
import { messageOf } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import { listIn, objectIn, parseDocument, textIn } from "../document.ts";
import type { Requirement } from "../policy/requirement.ts";
import { quoted, Refusal } from "../refusal.ts";
import { checkChain } from "./chain.ts";
import { checkIdentity } from "./trusted-identity.ts";

const JWS = "application/jose+json";
const COSE = "application/cose";
const PAYLOAD = "application/vnd.cncf.notary.payload.v1+json";
const SCHEME = "io.cncf.notary.signingScheme";
const SIGNED_AT = "io.cncf.notary.signingTime";
const SIGNED_AT_SURELY = "io.cncf.notary.authenticSigningTime";
const EXPIRY = "io.cncf.notary.expiry";
/** Headers that are understood here; a critical one that is not makes a signature worthless (RFC 7515, 4.1.11). */
const UNDERSTOOD: ReadonlySet<string> = new Set([SCHEME, SIGNED_AT, SIGNED_AT_SURELY, EXPIRY]);
const MOST_CERTIFICATES = 10;

interface Algorithm {
  readonly hash: string;
  readonly kind: "rsa" | "ec";
  /** Bits of the key that go with it (signature-specification.md, "Algorithm Selection"). */
  readonly bits: number;
}

const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  PS256: { hash: "sha256", kind: "rsa", bits: 2048 },
  PS384: { hash: "sha384", kind: "rsa", bits: 3072 },
  PS512: { hash: "sha512", kind: "rsa", bits: 4096 },
  ES256: { hash: "sha256", kind: "ec", bits: 256 },
  ES384: { hash: "sha384", kind: "ec", bits: 384 },
  ES512: { hash: "sha512", kind: "ec", bits: 521 },
};
const CURVES: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384, secp521r1: 521 };

/** As Notation's strict level: authentic, by a trusted identity, in time. What the network would have to say of a certificate (revocation) is not asked. */
export function verifyNotation(
  envelope: { readonly mediaType: string; readonly bytes: Buffer },
  digest: Digest,
  { roots, identities }: Extract<Requirement, { kind: "notation" }>,
  now: Date = new Date(),
): string {
  if (envelope.mediaType === COSE)
    throw new Refusal("its envelope is COSE, which cannot be read here: sign with --signature-format jws, the default");
  if (envelope.mediaType !== JWS) throw new Refusal(`its envelope is ${quoted(envelope.mediaType)}: want ${JWS}`);
  const jws = parseDocument(envelope.bytes, "its envelope");
  const parts = {
    payload: textIn(jws["payload"], "payload"),
    protected: textIn(jws["protected"], "protected"),
    signature: textIn(jws["signature"], "signature"),
  };
  const header = parseDocument(Buffer.from(parts.protected, "base64url"), "the protected header");
  const chain = chainOf(objectIn(jws["header"], "header")["x5c"]);
  const leaf = chain[0] as X509Certificate;
  checkSignature(parts, textIn(header["alg"], "alg"), leaf);
  checkChain(chain, roots, now);
  checkHeader(header, now);
  checkIdentity(leaf, identities);
  checkPayload(parseDocument(Buffer.from(parts.payload, "base64url"), "its payload"), digest);
  return quoted(leaf.subject.replaceAll("\n", ", "));
}

function chainOf(value: unknown): X509Certificate[] {
  const list = listIn(value, "x5c").map((item) => textIn(item, "a certificate of x5c"));
  if (list.length === 0 || list.length > MOST_CERTIFICATES)
    throw new Refusal(`x5c has ${list.length} certificates: want 1 to ${MOST_CERTIFICATES}`);
  try {
    return list.map((text) => new X509Certificate(Buffer.from(text, "base64")));
  } catch (cause) {
    throw new Refusal(`x5c holds what is no certificate: ${messageOf(cause)}`, { cause });
  }
}

function checkSignature(
  jws: { readonly payload: string; readonly protected: string; readonly signature: string },
  alg: string,
  leaf: X509Certificate,
): void {
  const algorithm = Object.hasOwn(ALGORITHMS, alg) ? ALGORITHMS[alg] : undefined;
  if (algorithm === undefined) throw new Refusal(`its algorithm is ${quoted(alg)}: want one of ${Object.keys(ALGORITHMS).join(", ")}`);
  const key = leaf.publicKey;
  const { modulusLength, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  const bits = key.asymmetricKeyType === "rsa" ? modulusLength : CURVES[namedCurve];
  if (key.asymmetricKeyType !== algorithm.kind || bits !== algorithm.bits)
    throw new Refusal(`its algorithm ${alg} does not go with the certificate's key`);
  const options =
    algorithm.kind === "rsa"
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : { key, dsaEncoding: "ieee-p1363" as const };
  const signed = Buffer.from(`${jws.protected}.${jws.payload}`);
  if (!verify(algorithm.hash, signed, options, Buffer.from(jws.signature, "base64url")))
    throw new Refusal("its signature is not by its certificate");
}

function checkHeader(header: Readonly<Record<string, unknown>>, now: Date): void {
  if (header["cty"] !== PAYLOAD) throw new Refusal(`what it signs is not ${PAYLOAD}`);
  const critical = listIn(header["crit"], "crit").map((name) => textIn(name, "a name in crit"));
  const strange = critical.find((name) => !UNDERSTOOD.has(name));
  if (strange !== undefined) throw new Refusal(`it has a critical attribute that is not understood here: ${quoted(strange)}`);
  const scheme = textIn(header[SCHEME], SCHEME);
  if (!critical.includes(SCHEME)) throw new Refusal(`${SCHEME} is not critical`);
  if (scheme !== "notary.x509" && scheme !== "notary.x509.signingAuthority") throw new Refusal(`its scheme is ${quoted(scheme)}`);
  if (header[EXPIRY] === undefined) return;
  if (!critical.includes(EXPIRY)) throw new Refusal(`${EXPIRY} is not critical`);
  const expiry = textIn(header[EXPIRY], EXPIRY);
  // What is no date is not a later one either.
  if (!(Date.parse(expiry) > now.getTime())) throw new Refusal(`it has expired (${quoted(expiry)})`);
}

function checkPayload(payload: Readonly<Record<string, unknown>>, digest: Digest): void {
  const target = textIn(objectIn(payload["targetArtifact"], "targetArtifact")["digest"], "targetArtifact.digest");
  if (target !== digest) throw new Refusal(`it was made for ${quoted(target)}, another image`);
}
