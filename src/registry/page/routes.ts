import type { RawReply } from "#http/answer.ts";
import { type Call, headerOf, type Operation, type RegistryContext, reply } from "../context.ts";
import type { RepositoryName } from "../protocol/names.ts";
import { takePage } from "../protocol/pagination.ts";
import { describeTag } from "./describe-tag.ts";
import { missingPage, repositoriesPage, type RepositoryRow, repositoryPage, type TagRow } from "./render.ts";
import { STYLE } from "./style.ts";

export const showPage: Operation<"page"> = { action: undefined, run: show };
export const showStyle: Operation<"style"> = { action: undefined, run: style };

const ROWS = 100;
const MOST_COUNTED = 1000;

/** A page needs nothing but its own style: whatever got into one by a mistake of ours could do nothing. */
const security = {
  "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
} as const;

async function show(context: RegistryContext, call: Call<"page">): Promise<RawReply> {
  const { repository } = call.target;
  if (repository === undefined) return asPage(200, await listing(context, call));
  const isVisible = context.access.maySee(call.principal, repository) && (await context.repositories.exists(repository));
  return isVisible
    ? asPage(200, await tagsOf(context, call, repository))
    : asPage(404, missingPage("There is no such repository for you."));
}

async function listing({ repositories, access }: RegistryContext, { request, query, principal }: Call<"page">): Promise<string> {
  const rows: RepositoryRow[] = [];
  let more = false;
  for await (const name of repositories.names(query.get("last") ?? undefined)) {
    if (!access.maySee(principal, name)) continue;
    more = rows.length === ROWS;
    if (more) break;
    const counted = await takePage(repositories.tags(name), MOST_COUNTED);
    rows.push({ name, tags: counted.entries.length, more: counted.more });
  }
  return repositoriesPage(hostOf(request), rows, more ? linkBehind("/", rows.at(-1)?.name) : undefined);
}

async function tagsOf({ repositories }: RegistryContext, { request, query }: Call<"page">, name: RepositoryName): Promise<string> {
  const { entries, more } = await takePage(repositories.tags(name, query.get("last") ?? undefined), ROWS);
  const rows: TagRow[] = [];
  for (const tag of entries) {
    const row = await describeTag(repositories, name, tag, request.signal);
    if (row !== undefined) rows.push(row);
  }
  return repositoryPage(hostOf(request), name, rows, more ? linkBehind(`/repositories/${name}`, entries.at(-1)) : undefined);
}

async function style(): Promise<RawReply> {
  return Promise.resolve(reply(200, { "Content-Type": "text/css; charset=utf-8", "Cache-Control": "max-age=3600", ...security }, STYLE));
}

function asPage(status: number, text: string): RawReply {
  return reply(status, { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", ...security }, text);
}

function linkBehind(path: string, last: string | undefined): string {
  return `${path}?${new URLSearchParams({ last: last ?? "" }).toString()}`;
}

function hostOf(request: Call["request"]): string {
  return headerOf(request, "host") ?? "localhost";
}
