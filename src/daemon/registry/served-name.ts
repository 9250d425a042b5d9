import { isRepositoryName, type RepositoryName } from "#registry/protocol/names.ts";
import { familiarName, parseReference, type Reference } from "#spec/reference.ts";

/** A host with a port, whose colon no repository's name can have. */
const WITH_PORT = /^((?:[a-z0-9-]+\.)+[a-z0-9-]+|localhost)_(\d{1,5})\//;

/**
 * What a repository of ours means: what it would mean to `docker run` here. So `HOST:PORT/alpine` is what this engine calls `alpine`, and
 * `HOST:PORT/ghcr.io/acme/app` what it calls `ghcr.io/acme/app`. Of `localhost:5000/app` the colon is written `_`.
 */
export function referenceOf(name: RepositoryName): Reference | undefined {
  try {
    return parseReference(name.replace(WITH_PORT, "$1:$2/"));
  } catch {
    return undefined;
  }
}

/** Undefined for what cannot be called anything there. */
export function servedName(reference: Reference): RepositoryName | undefined {
  const familiar = familiarName(reference);
  const name = familiar.replace(/^([^/]*):(\d+)\//, "$1_$2/");
  return isRepositoryName(name) ? name : undefined;
}
