import { randomBytes } from "node:crypto";
import { EngineError } from "#errors/engine-error.ts";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const LONGEST_NAME = 255;
const FULL_ID = /^[0-9a-f]{64}$/;

/** 64 hex digits. The first twelve are the default host name, so they are never all digits: programs would take that for a number. */
export function newContainerId(): string {
  for (;;) {
    const id = randomBytes(32).toString("hex");
    if (!/^\d{12}/.test(id)) return id;
  }
}

export function isContainerId(text: string): boolean {
  return FULL_ID.test(text);
}

/**
 * Checks a name that a user gave and takes the slash off that the API shows names with.
 *
 * @throws EngineError `invalid` with Docker's text.
 */
export function parseContainerName(text: string): string {
  const name = text.startsWith("/") ? text.slice(1) : text;
  if (!NAME.test(name) || name.length > LONGEST_NAME) {
    throw new EngineError("invalid", `Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
  return name;
}

/** 64 hex digits: a container's id, wherever one is needed for something else, e.g. an exec. */
export function newRandomId(): string {
  return randomBytes(32).toString("hex");
}
