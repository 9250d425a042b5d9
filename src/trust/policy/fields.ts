import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { ReadFile } from "./parse-policy.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** @throws EngineError `invalid` for what is no object, or has a key that is not one of these. */
export function parseFields(value: unknown, where: string, known?: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`${where} is not an object`);
  const stranger = known === undefined ? undefined : Object.keys(value).find((key) => !known.includes(key));
  if (stranger !== undefined) throw invalid(`${where}: ${JSON.stringify(stranger)} is none of ${known?.join(", ")}`);
  return value as Fields;
}

export function textOf(fields: Fields, name: string, where: string): string {
  const value = fields[name];
  if (typeof value !== "string" || value === "") throw invalid(`${where}.${name} is not a text`);
  return value;
}

export function textsOf(fields: Fields, name: string, where: string): string[] {
  const value = fields[name];
  const isTexts = Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string" && item !== "");
  if (!isTexts) throw invalid(`${where}.${name} is not a list of texts`);
  return value as string[];
}

/** A document that the policy names a file of, or holds itself in base64. */
export interface PolicyDocument {
  /** Where it is from, for messages. */
  readonly from: string;
  readonly text: string;
}

/** What `namePath`, `namePaths`, `nameData` and `nameDatas` say: at most one of them. */
export async function documentsOf(fields: Fields, name: string, where: string, readFile: ReadFile): Promise<PolicyDocument[]> {
  const given = ["Path", "Paths", "Data", "Datas"].filter((suffix) => fields[name + suffix] !== undefined);
  if (given.length > 1) throw invalid(`${where}: only one of ${given.map((suffix) => name + suffix).join(", ")} can be given`);
  switch (given[0]) {
    case "Path":
      return [await fileOf(textOf(fields, `${name}Path`, where), where, readFile)];
    case "Paths":
      return Promise.all(textsOf(fields, `${name}Paths`, where).map((path) => fileOf(path, where, readFile)));
    case "Data":
      return [inlineOf(textOf(fields, `${name}Data`, where), `${name}Data`)];
    case "Datas":
      return textsOf(fields, `${name}Datas`, where).map((data) => inlineOf(data, `${name}Datas`));
    default:
      return [];
  }
}

async function fileOf(path: string, where: string, readFile: ReadFile): Promise<PolicyDocument> {
  if (!path.startsWith("/")) throw invalid(`${where}: ${JSON.stringify(path)} is not an absolute path`);
  try {
    return { from: path, text: (await readFile(path)).toString("utf8") };
  } catch (cause) {
    throw new EngineError("invalid", `${where}: cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}

function inlineOf(data: string, name: string): PolicyDocument {
  return { from: name, text: Buffer.from(data, "base64").toString("utf8") };
}

const CURVES: ReadonlySet<string> = new Set(["prime256v1", "secp384r1", "secp521r1"]);
const LEAST_RSA_BITS = 2048;

/** A PEM public key of a kind that is safe to trust. */
export function publicKeyOf({ from, text }: PolicyDocument, where: string): KeyObject {
  if (text.includes("PRIVATE KEY")) throw invalid(`${where}: ${from} is a private key: the policy wants the public one`);
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch (cause) {
    throw new EngineError("invalid", `${where}: ${from} is no public key in PEM: ${messageOf(cause)}`, { cause });
  }
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  const isFine =
    key.asymmetricKeyType === "ed25519" ||
    (key.asymmetricKeyType === "rsa" && modulusLength >= LEAST_RSA_BITS) ||
    (key.asymmetricKeyType === "ec" && CURVES.has(namedCurve));
  if (!isFine) throw invalid(`${where}: ${from} is none of ECDSA (P-256, P-384, P-521), RSA (${LEAST_RSA_BITS} bits and more) and Ed25519`);
  return key;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** Every certificate of a PEM file, of which there has to be one. */
export function certificatesOf({ from, text }: PolicyDocument, where: string): X509Certificate[] {
  const found = text.match(CERTIFICATE) ?? [];
  if (found.length === 0) throw invalid(`${where}: ${from} holds no certificate`);
  try {
    return found.map((pem) => new X509Certificate(pem));
  } catch (cause) {
    throw new EngineError("invalid", `${where}: ${from} holds what is no certificate: ${messageOf(cause)}`, { cause });
  }
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message);
}
