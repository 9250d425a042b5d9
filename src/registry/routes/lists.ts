import type { RawReply } from "#http/answer.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { type Call, jsonReply, type Operation, type RegistryContext, repositoryPath } from "../context.ts";
import type { RepositoryName } from "../protocol/names.ts";
import { nextLink, parsePage, takePage } from "../protocol/pagination.ts";
import { RegistryError } from "../protocol/registry-error.ts";
import type { Referrer } from "../repositories/contract.ts";

export const base: Operation<"base"> = { action: undefined, run: answerBase };
export const listTags: Operation<"tags"> = { action: "pull", run: tags };
export const listCatalog: Operation<"catalog"> = { action: undefined, run: catalog };
export const listReferrers: Operation<"referrers"> = { action: "pull", run: referrers };

/** Most bytes of descriptors in an answer: annotations are somebody else's words, and clients read 4 MiB. */
const REFERRERS_BYTES = 3 * 1024 * 1024;

async function answerBase({ access }: RegistryContext, { principal, request }: Call<"base">): Promise<RawReply> {
  access.checkBase(principal, request);
  return jsonReply({});
}

async function tags({ repositories }: RegistryContext, { target, query }: Call<"tags">): Promise<RawReply> {
  const { repository } = target;
  const { limit, after } = parsePage(query);
  if (!(await repositories.exists(repository))) {
    throw new RegistryError("NAME_UNKNOWN", "there is no such repository", { detail: { name: repository } });
  }
  const { entries, more } = await takePage(repositories.tags(repository, after), limit);
  const link = { n: String(limit), last: entries.at(-1) ?? "" };
  return jsonReply({ name: repository, tags: entries }, more ? { Link: nextLink(repositoryPath(repository, "tags/list"), link) } : {});
}

async function catalog({ repositories, access }: RegistryContext, { request, query, principal }: Call<"catalog">): Promise<RawReply> {
  access.checkCatalog(principal, request);
  const { limit, after } = parsePage(query);
  const { entries, more } = await takePage(
    visible(repositories.names(after), (name) => access.maySee(principal, name)),
    limit,
  );
  const link = { n: String(limit), last: entries.at(-1) ?? "" };
  return jsonReply({ repositories: entries }, more ? { Link: nextLink("/v2/_catalog", link) } : {});
}

async function* visible(
  names: AsyncIterable<RepositoryName>,
  isVisible: (name: RepositoryName) => boolean,
): AsyncGenerator<RepositoryName> {
  for await (const name of names) if (isVisible(name)) yield name;
}

async function referrers({ repositories }: RegistryContext, { target, query }: Call<"referrers">): Promise<RawReply> {
  const { repository, digest } = target;
  const artifactType = query.get("artifactType");
  const { limit, after } = parsePage(query);
  const found = ofType(repositories.referrers(repository, digest, after), artifactType);
  const { entries, more } = await takePage(withinBytes(found), limit);
  const filter: Record<string, string> = artifactType === null ? {} : { artifactType };
  const manifests = entries.flatMap((entry) => (entry === "full" ? [] : [entry]));
  const isCut = more || manifests.length < entries.length;
  const next = { ...filter, n: String(limit), last: manifests.at(-1)?.digest ?? "" };
  const link = isCut && manifests.length > 0 ? { Link: nextLink(repositoryPath(repository, `referrers/${digest}`), next) } : {};
  const applied = artifactType === null ? {} : { "OCI-Filters-Applied": "artifactType" };
  return jsonReply({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }, { ...applied, ...link }, mediaTypes.ociIndex);
}

async function* ofType(source: AsyncIterable<Referrer>, artifactType: string | null): AsyncGenerator<Referrer> {
  for await (const entry of source) if (artifactType === null || entry.artifactType === artifactType) yield entry;
}

/** Ends with `full` where one more would be too much; the first one always has room. */
async function* withinBytes(source: AsyncIterable<Referrer>): AsyncGenerator<Referrer | "full"> {
  let bytes = 0;
  for await (const entry of source) {
    const size = JSON.stringify(entry).length;
    if (bytes > 0 && bytes + size > REFERRERS_BYTES) {
      yield "full";
      return;
    }
    bytes += size;
    yield entry;
  }
}
