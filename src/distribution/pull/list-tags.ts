import { EngineError } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { readWhole } from "../transport/body.ts";
import type { RegistrySession } from "../session/session.ts";

const PAGE_LIMIT = 4 * 1024 * 1024;
const MOST_TAGS = 10_000;
const PAGE = 1000;

/** Every tag of the session's repository, page by page. @throws EngineError `not-found`, `invalid` for what is no list of tags. */
export async function listTags(session: RegistrySession, signal: AbortSignal): Promise<string[]> {
  const tags: string[] = [];
  let query = `n=${PAGE}`;
  for (;;) {
    const response = await session.get(`tags/list?${query}`, {}, signal);
    const page = tagsOf(await readWhole(response, PAGE_LIMIT, session.stallMs, signal));
    tags.push(...page);
    if (tags.length > MOST_TAGS) throw new EngineError("too-large", `the repository has more than ${MOST_TAGS} tags`);
    // Only the query of the next page is taken over: the address stays ours.
    const next = /<[^>?]*\?([^>#]*)[^>]*>\s*;\s*rel="?next"?/.exec(String(response.headers["link"] ?? ""))?.[1];
    if (next === undefined || page.length === 0) return tags;
    query = next;
  }
}

function tagsOf(body: Buffer): string[] {
  let value: unknown;
  try {
    value = parseJsonText(body.toString("utf8"));
  } catch (cause) {
    throw new EngineError("invalid", "the registry's list of tags is not JSON", { cause });
  }
  const tags: unknown = typeof value === "object" && value !== null && "tags" in value ? (value.tags ?? []) : undefined;
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === "string"))
    throw new EngineError("invalid", "the registry's list of tags is none");
  return tags;
}
