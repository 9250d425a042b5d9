import { canonicalName, canonicalString, type Reference, withDefaultTag } from "#spec/reference.ts";
import type { PolicyEntry, SignaturePolicy } from "./requirement.ts";

/**
 * The entry that counts for an image: the most specific one alone (containers-policy.json(5), "docker:"). A tag is more specific than its
 * repository, that than its namespaces, these than the host, that than its domains from the longest on; `""` is all registries.
 */
export function entryFor(policy: SignaturePolicy, reference: Reference): PolicyEntry {
  for (const scope of scopesOf(reference)) {
    const requirements = policy.scopes.get(scope);
    if (requirements !== undefined) return { scope: `docker: ${scope === "" ? '""' : scope}`, requirements };
  }
  return { scope: "default", requirements: policy.default };
}

function scopesOf(reference: Reference): string[] {
  const name = canonicalName(reference);
  const parts = name.split("/");
  const prefixes = parts.map((_, index) => parts.slice(0, parts.length - index).join("/"));
  return [canonicalString(withDefaultTag(reference)), ...prefixes, ...domainsAbove(parts[0] ?? ""), ""];
}

/** `*.b.c`, `*.c` of `a.b.c:5000`. */
function domainsAbove(host: string): string[] {
  const labels = host.replace(/:\d+$/, "").split(".");
  return labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join(".")}`);
}
