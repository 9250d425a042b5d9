import { parseJsonText } from "#lib/json/text.ts";
/** Who asks a registry. The kinds exclude each other; a token wins over a password, as in Docker. */
export type RegistryCredential =
  | { readonly kind: "anonymous" }
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token that `docker login` got from the registry's token server. */
  | { readonly kind: "identity"; readonly token: string }
  /** A bearer token to be sent as it is. */
  | { readonly kind: "registry"; readonly token: string };

/** What the header `X-Registry-Auth` holds. */
export interface RegistryAuth {
  readonly credential: RegistryCredential;
  /** The registry that the client means it for, as `docker login` wrote it; undefined when it does not say. */
  readonly serverAddress: string | undefined;
}

const ANONYMOUS: RegistryAuth = { credential: { kind: "anonymous" }, serverAddress: undefined };
const LONGEST = 64 * 1024;

/**
 * Decodes the header: base64url (or plain base64) of a JSON object. Absent, empty or malformed is anonymous: dockerd ignores what it
 * cannot read there, and clients send `e30=`, `null` and worse for public images.
 */
export function parseRegistryAuth(header: string | string[] | undefined): RegistryAuth {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined || text === "" || text.length > LONGEST) return ANONYMOUS;
  const fields = parseFields(Buffer.from(text, "base64url").toString("utf8"));
  return fields === undefined ? ANONYMOUS : authOf(fields);
}

/** The body of `POST /auth`. What is none is anonymous. */
export function parseAuthConfig(value: unknown): RegistryAuth {
  const fields = fieldsOf(value);
  return fields === undefined ? ANONYMOUS : authOf(fields);
}

function authOf(fields: ReadonlyMap<string, string>): RegistryAuth {
  return { credential: credentialOf(fields), serverAddress: fields.get("serveraddress") };
}

/** The string fields by lower-case name: clients differ in case (`identityToken`), and Go's decoder does not mind. */
function parseFields(json: string): ReadonlyMap<string, string> | undefined {
  try {
    return fieldsOf(parseJsonText(json));
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): ReadonlyMap<string, string> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const strings = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string" && entry[1] !== "");
  return new Map(strings.map(([name, text]) => [name.toLowerCase(), text]));
}

function credentialOf(fields: ReadonlyMap<string, string>): RegistryCredential {
  const registryToken = fields.get("registrytoken");
  if (registryToken !== undefined) return { kind: "registry", token: registryToken };
  const identityToken = fields.get("identitytoken");
  if (identityToken !== undefined) return { kind: "identity", token: identityToken };
  const username = fields.get("username");
  if (username !== undefined) return { kind: "basic", username, password: fields.get("password") ?? "" };
  return credentialOfPair(fields.get("auth"));
}

/** `auth` is base64 of `user:password`, as it stands in config.json. */
function credentialOfPair(auth: string | undefined): RegistryCredential {
  const pair = auth === undefined ? "" : Buffer.from(auth, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon <= 0 ? { kind: "anonymous" } : { kind: "basic", username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}
