import type { WantedLink } from "#spec/network/link.ts";

/** A link of HostConfig.Links as it is kept. */
export interface Link extends WantedLink {
  /** Whom the name meant when the container was made: a rename does not change what is meant. */
  readonly id: string;
}

/** The form in which HostConfig.Links is kept; no name has a slash in it. */
export function formatKeptLink({ id, name, alias }: Link): string {
  return `${id}/${name}:${alias}`;
}

/** @param text what `formatKeptLink` made. */
export function parseKeptLink(text: string): Link {
  const [, id = "", name = "", alias = ""] = /^([^/]*)\/([^:]*):(.*)$/.exec(text) ?? [];
  return { id, name, alias };
}
