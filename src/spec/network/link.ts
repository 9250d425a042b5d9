import { EngineError } from "#errors/engine-error.ts";

/** What a user asks for: another container, and the name it shall have in this one. */
export interface WantedLink {
  readonly name: string;
  readonly alias: string;
}

/**
 * Reads `name:alias`, `name`, or `/name:/owner/alias`, which is what an inspect shows and tools send back.
 *
 * @throws EngineError `invalid` with Docker's texts.
 */
export function parseLink(text: string): WantedLink {
  if (text === "") throw new EngineError("invalid", "empty string specified for links");
  const [name = "", alias = name, ...more] = text.split(":");
  if (more.length > 0 || name === "" || alias === "") throw new EngineError("invalid", `bad format for links: ${text}`);
  const link = name.startsWith("/") ? { name: name.slice(1), alias: alias.slice(alias.lastIndexOf("/") + 1) } : { name, alias };
  // It becomes a line of a hosts file and the names of variables.
  if (link.name === "" || !/^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$/.test(link.alias))
    throw new EngineError("invalid", `bad format for links: ${text}`);
  return link;
}
