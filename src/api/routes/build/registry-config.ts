import { EngineError } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { parseRegistryAuth, type RegistryAuth } from "#spec/registry-auth.ts";

const LONGEST = 1024 * 1024;
/** Names that clients have for Docker Hub in their configuration, by the name that a reference has. */
const HUB = ["docker.io", "index.docker.io", "https://index.docker.io/v1/", "registry-1.docker.io"];

/**
 * Decodes `X-Registry-Config`: base64 of an object from a registry's address to its credentials.
 *
 * @throws EngineError `invalid`.
 */
export function parseRegistryConfig(header: string | string[] | undefined): (domain: string) => RegistryAuth {
  const text = (Array.isArray(header) ? header[0] : header) ?? "";
  const entries = text === "" ? new Map<string, unknown>() : entriesOf(text);
  return (domain) => {
    const names = HUB.includes(domain) ? HUB : [domain, `https://${domain}`, `https://${domain}/`, `http://${domain}`];
    const name = names.find((one) => entries.has(one));
    if (name === undefined) return parseRegistryAuth(undefined);
    const auth = parseRegistryAuth(Buffer.from(JSON.stringify(entries.get(name))).toString("base64url"));
    // The entry's own key says for which registry it is.
    return { ...auth, serverAddress: auth.serverAddress ?? name };
  };
}

function entriesOf(text: string): ReadonlyMap<string, unknown> {
  if (text.length > LONGEST) throw new EngineError("too-large", `X-Registry-Config is longer than ${LONGEST} bytes`);
  let value: unknown;
  try {
    value = parseJsonText(Buffer.from(text, "base64url").toString("utf8"));
  } catch (cause) {
    throw new EngineError("invalid", "X-Registry-Config is not the base64 of a JSON object", { cause });
  }
  return new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
}
