import { createHash, type KeyObject } from "node:crypto";
import type { TrustedRoot } from "@sigstore/protobuf-specs";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { parseReference } from "#spec/reference.ts";
import { certificatesOf, documentsOf, type Fields, parseFields, type PolicyDocument, publicKeyOf, textOf } from "./fields.ts";
import type { ReadFile } from "./parse-policy.ts";
import type { Requirement, SignedIdentity, SigstoreSigners, SubjectRule } from "./requirement.ts";

const KEYS = ["keyPath", "keyPaths", "keyData", "keyDatas"];
const REKOR = ["rekorPublicKeyPath", "rekorPublicKeyPaths", "rekorPublicKeyData", "rekorPublicKeyDatas"];
const KNOWN = ["type", ...KEYS, "fulcio", "keyless", ...REKOR, "signedIdentity"];

/** `sigstoreSigned`: by one of the keys, or by somebody whom a certificate authority vouches for. */
export async function sigstoreRequirement(fields: Fields, where: string, readFile: ReadFile): Promise<Requirement> {
  parseFields(fields, where, KNOWN);
  const signers = [KEYS.some((name) => fields[name] !== undefined), fields["fulcio"] !== undefined, fields["keyless"] !== undefined];
  if (signers.filter(Boolean).length !== 1)
    throw invalid(`${where}: one of keyPath, keyPaths, keyData, keyDatas, fulcio and keyless says who signs`);
  const rekor = await documentsOf(fields, "rekorPublicKey", where, readFile);
  const rekorKeys = rekor.map((document) => publicKeyOf(document, where));
  const identity = identityOf(fields["signedIdentity"], `${where}.signedIdentity`);
  if (fields["keyless"] !== undefined) {
    if (rekor.length > 0) throw invalid(`${where}: with keyless the logs are those of the trusted root`);
    return keyless(await keylessSigners(fields["keyless"], `${where}.keyless`, readFile), identity);
  }
  if (fields["fulcio"] !== undefined)
    return keyless(await fulcioSigners(fields["fulcio"], `${where}.fulcio`, rekorKeys, readFile), identity);
  const documents = await documentsOf(fields, "key", where, readFile);
  const keys = documents.map((document) => publicKeyOf(document, where));
  if (rekorKeys.length > 0 && keys.some((key) => key.asymmetricKeyType === "ed25519")) {
    throw invalid(`${where}: Rekor has no entries for plain Ed25519 signatures: leave out the Rekor key, or use another key`);
  }
  const text = `signed with ${documents.map(({ from }) => from).join(" or ")}${rekorKeys.length > 0 ? ", and in the Rekor log" : ""}`;
  return { kind: "sigstore", signers: { kind: "keys", keys, rekorKeys }, identity, text };
}

function keyless(signers: Extract<SigstoreSigners, { kind: "keyless" }>, identity: SignedIdentity): Requirement {
  return { kind: "sigstore", signers, identity, text: `signed by ${signers.subject.text} (${signers.issuer})` };
}

/** Dhow's own: a trusted root as Sigstore gives it out (trusted_root.json), which has everything, and a subject of any kind. */
async function keylessSigners(value: unknown, where: string, readFile: ReadFile): Promise<Extract<SigstoreSigners, { kind: "keyless" }>> {
  const fields = parseFields(value, where, ["trustedRootPath", "trustedRootData", "oidcIssuer", "subject", "subjectRegExp"]);
  const [document] = await documentsOf(fields, "trustedRoot", where, readFile);
  if (document === undefined) throw invalid(`${where}.trustedRootPath is missing: a trusted_root.json of Sigstore's, or of your own`);
  const root = await trustedRootOf(document, where);
  return { kind: "keyless", root, issuer: textOf(fields, "oidcIssuer", where), subject: subjectOf(fields, where) };
}

async function trustedRootOf({ from, text }: PolicyDocument, where: string): Promise<TrustedRoot> {
  const { TrustedRoot: format } = await import("@sigstore/protobuf-specs");
  let root: TrustedRoot;
  try {
    root = format.fromJSON(parseJsonText(text));
  } catch (cause) {
    throw new EngineError("invalid", `${where}: ${from} is no trusted root of Sigstore's: ${messageOf(cause)}`, { cause });
  }
  if (root.certificateAuthorities.length === 0) throw invalid(`${where}: ${from} names no certificate authority`);
  if (root.tlogs.length + root.timestampAuthorities.length === 0)
    throw invalid(`${where}: ${from} names neither a log nor a timestamp authority`);
  return root;
}

function subjectOf(fields: Fields, where: string): SubjectRule {
  if ((fields["subject"] === undefined) === (fields["subjectRegExp"] === undefined))
    throw invalid(`${where}: one of subject and subjectRegExp is wanted`);
  if (fields["subject"] !== undefined) {
    const subject = textOf(fields, "subject", where);
    return { text: subject, matches: (found) => found === subject };
  }
  const source = textOf(fields, "subjectRegExp", where);
  try {
    // The whole of it has to fit: somebody who can choose a part of a name must not be able to choose the part that counts.
    const pattern = new RegExp(`^(?:${source})$`, "u");
    return { text: `/${source}/`, matches: (found) => pattern.test(found) };
  } catch (cause) {
    throw new EngineError("invalid", `${where}.subjectRegExp: ${messageOf(cause)}`, { cause });
  }
}

/** containers-policy.json(5): the authority's certificates, an address, and the log's key, which alone says when it was signed. */
async function fulcioSigners(
  value: unknown,
  where: string,
  rekorKeys: readonly KeyObject[],
  readFile: ReadFile,
): Promise<Extract<SigstoreSigners, { kind: "keyless" }>> {
  const fields = parseFields(value, where, ["caPath", "caData", "oidcIssuer", "subjectEmail"]);
  const [authority] = await documentsOf(fields, "ca", where, readFile);
  if (authority === undefined) throw invalid(`${where}.caPath is missing`);
  if (rekorKeys.length === 0)
    throw invalid(`${where} needs rekorPublicKeyPath: certificates live for minutes, and only the log says when it was signed`);
  const email = textOf(fields, "subjectEmail", where);
  return {
    kind: "keyless",
    issuer: textOf(fields, "oidcIssuer", where),
    subject: { text: email, matches: (found) => found === email },
    root: await rootOf(
      certificatesOf(authority, where).map(({ raw }) => raw),
      rekorKeys,
    ),
  };
}

/** A trusted root of an authority and logs alone. Intermediate certificates have to be in the authority's file: those that come with a signature are anybody's. */
export async function rootOf(certificates: readonly Buffer[], logs: readonly KeyObject[]): Promise<TrustedRoot> {
  const { TrustedRoot: format } = await import("@sigstore/protobuf-specs");
  const always = { start: "1970-01-01T00:00:00Z" };
  return format.fromJSON({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    certificateAuthorities:
      certificates.length === 0
        ? []
        : [
            {
              subject: {},
              uri: "",
              certChain: { certificates: certificates.map((raw) => ({ rawBytes: raw.toString("base64") })) },
              validFor: always,
            },
          ],
    tlogs: logs.map((key) => {
      const der = key.export({ type: "spki", format: "der" });
      return {
        baseUrl: "",
        hashAlgorithm: "SHA2_256",
        publicKey: { rawBytes: der.toString("base64"), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor: always },
        logId: { keyId: createHash("sha256").update(der).digest("base64") },
      };
    }),
    ctlogs: [],
    timestampAuthorities: [],
  });
}

const PLAIN_IDENTITIES = ["matchExact", "matchRepoDigestOrExact", "matchRepository", "matchDigest"] as const;

function identityOf(value: unknown, where: string): SignedIdentity {
  if (value === undefined) return { type: "matchRepoDigestOrExact" };
  const fields = parseFields(value, where);
  const plain = PLAIN_IDENTITIES.find((type) => type === fields["type"]);
  if (plain !== undefined) {
    parseFields(fields, where, ["type"]);
    return { type: plain };
  }
  switch (fields["type"]) {
    case "exactReference":
    case "exactRepository": {
      const key = fields["type"] === "exactReference" ? "dockerReference" : "dockerRepository";
      parseFields(fields, where, ["type", key]);
      return { type: fields["type"], name: referenceText(textOf(fields, key, where), `${where}.${key}`) };
    }
    case "remapIdentity":
      parseFields(fields, where, ["type", "prefix", "signedPrefix"]);
      return { type: "remapIdentity", prefix: textOf(fields, "prefix", where), signedPrefix: textOf(fields, "signedPrefix", where) };
    default:
      throw invalid(`${where}.type is none of ${PLAIN_IDENTITIES.join(", ")}, exactReference, exactRepository and remapIdentity`);
  }
}

function referenceText(text: string, where: string): string {
  try {
    parseReference(text);
    return text;
  } catch (cause) {
    throw new EngineError("invalid", `${where}: ${messageOf(cause)}`, { cause });
  }
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message);
}
