import { EngineError } from "#errors/engine-error.ts";
import { certificatesOf, documentsOf, type Fields, parseFields, textsOf } from "./fields.ts";
import type { ReadFile } from "./parse-policy.ts";
import type { Requirement, TrustedIdentity } from "./requirement.ts";

/** Attributes that Notation wants of an identity (trust-store-trust-policy.md, "Trusted identities"). */
const WANTED = ["C", "ST", "O"];

/** Dhow's own type, in the words of Notation's trustpolicy.json: a trust store, and who of those that it vouches for. */
export async function notationRequirement(fields: Fields, where: string, readFile: ReadFile): Promise<Requirement> {
  parseFields(fields, where, ["type", "trustStorePath", "trustStorePaths", "trustStoreData", "trustStoreDatas", "trustedIdentities"]);
  const documents = await documentsOf(fields, "trustStore", where, readFile);
  if (documents.length === 0) throw invalid(`${where}.trustStorePath is missing: the certificates of authorities that are trusted`);
  const texts = textsOf(fields, "trustedIdentities", where);
  const isAnybody = texts.includes("*");
  if (isAnybody && texts.length > 1) throw invalid(`${where}.trustedIdentities: "*" is everybody, and stands alone`);
  return {
    kind: "notation",
    roots: documents.flatMap((document) => certificatesOf(document, where)),
    identities: isAnybody ? [] : texts.map((text) => identityOf(text, where)),
    text: `signed by ${isAnybody ? "anybody" : texts.join(" or ")} with a certificate of ${documents.map(({ from }) => from).join(" or ")}`,
  };
}

function identityOf(text: string, where: string): TrustedIdentity {
  const [, names] = /^x509\.subject:\s*(.+)$/.exec(text) ?? [];
  if (names === undefined)
    throw invalid(`${where}.trustedIdentities: ${JSON.stringify(text)} is neither "*" nor "x509.subject: C=…, ST=…, O=…"`);
  const identity = parseSubject(names.split(/(?<!\\),/).map((part) => part.trim()));
  const missing = WANTED.filter((attribute) => identity?.[attribute] === undefined);
  if (identity === undefined || missing.length > 0) {
    throw invalid(`${where}.trustedIdentities: ${JSON.stringify(text)} has to have each of C, ST and O, and each attribute once`);
  }
  return identity;
}

/** `["C=US", "O=Acme\\, Inc."]`. Undefined for what has an attribute twice: which one would count? */
export function parseSubject(parts: readonly string[]): TrustedIdentity | undefined {
  const entries = parts.map((part) => /^\s*([A-Za-z0-9.]+)\s*=\s*(.*)$/s.exec(part));
  if (entries.includes(null)) return undefined;
  const pairs = entries.map(
    (match) => [(match?.[1] ?? "").toUpperCase().replace(/^S$/, "ST"), (match?.[2] ?? "").replace(/\\(.)/g, "$1")] as const,
  );
  return new Set(pairs.map(([name]) => name)).size === pairs.length ? Object.fromEntries(pairs) : undefined;
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message);
}
