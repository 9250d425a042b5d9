import { EngineError, messageOf } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { parseFields, type Fields } from "./fields.ts";
import { notationRequirement } from "./notation-requirement.ts";
import type { Requirement, SignaturePolicy } from "./requirement.ts";
import { sigstoreRequirement } from "./sigstore-requirement.ts";

/** Reads a file that the policy names. */
export type ReadFile = (path: string) => Promise<Buffer>;

const MOST_ENTRIES = 10_000;
/** Of containers-policy.json(5), and what images come by there; the others concern no registry, and are left alone. */
const TRANSPORT = "docker";
const SCOPE = /^(?:$|\*\.[a-z0-9.-]+|[A-Za-z0-9[][A-Za-z0-9._:[\]-]*(?:\/[a-z0-9._/-]+)?(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?)$/;

/**
 * Reads a policy in the form of containers-policy.json(5): what Podman, Skopeo and CRI-O have in /etc/containers/policy.json. Beside its types
 * there are `keyless` for `sigstoreSigned`, and `notationSigned`.
 *
 * A key that is not one of these, or a type that cannot be checked here, is an error and not a comment: else a misspelt requirement would be none.
 *
 * @throws EngineError `invalid` that names the entry.
 */
export async function parsePolicy(text: string, readFile: ReadFile): Promise<SignaturePolicy> {
  const file = parseFields(parse(text), "the file", ["default", "transports"]);
  const transports = file["transports"] === undefined ? {} : parseFields(file["transports"], "transports");
  const docker = transports[TRANSPORT] === undefined ? {} : parseFields(transports[TRANSPORT], `transports.${TRANSPORT}`);
  const entries = Object.entries(docker);
  if (entries.length > MOST_ENTRIES) throw invalid(`more than ${MOST_ENTRIES} scopes`);
  const scopes = new Map<string, readonly Requirement[]>();
  for (const [scope, value] of entries) {
    if (!SCOPE.test(scope)) throw invalid(`${JSON.stringify(scope)} is no scope such as "ghcr.io/acme" or "*.example.com"`);
    scopes.set(scope, await requirements(value, `transports.${TRANSPORT}[${JSON.stringify(scope)}]`, readFile));
  }
  return { default: await requirements(file["default"], "default", readFile), scopes };
}

function parse(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch (cause) {
    throw new EngineError("invalid", `it is not JSON: ${messageOf(cause)}`, { cause });
  }
}

async function requirements(value: unknown, where: string, readFile: ReadFile): Promise<Requirement[]> {
  if (!Array.isArray(value) || value.length === 0) throw invalid(`${where} is not a list of requirements`);
  const list: Requirement[] = [];
  for (const [index, item] of value.entries())
    list.push(await requirement(parseFields(item, `${where}[${index}]`), `${where}[${index}]`, readFile));
  return list;
}

async function requirement(fields: Fields, where: string, readFile: ReadFile): Promise<Requirement> {
  switch (fields["type"]) {
    case "insecureAcceptAnything":
    case "reject":
      parseFields(fields, where, ["type"]);
      return { kind: fields["type"] === "reject" ? "nothing" : "anything" };
    case "sigstoreSigned":
      return sigstoreRequirement(fields, where, readFile);
    case "notationSigned":
      return notationRequirement(fields, where, readFile);
    case "signedBy":
      throw invalid(`${where}: signedBy, simple signing with GPG keys, cannot be checked by Dhow: use sigstoreSigned or notationSigned`);
    default:
      throw invalid(`${where}.type is none of insecureAcceptAnything, reject, sigstoreSigned and notationSigned`);
  }
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message);
}
