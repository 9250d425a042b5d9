import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The reference material beside the checkout; a user has none, and tests that need it say that they were skipped. */
export const shared = fileURLToPath(new URL("../../../shared", import.meta.url));
export const hasShared = existsSync(shared);

/** Paths of the real clients (DOCKER, DOCKER_CONFIG, COMPOSE, …): the reference tools, else what is on PATH. */
export function peers(): Readonly<Record<string, string>> {
  if (!hasShared) return { DOCKER: "docker" };
  const lines = execFileSync("bash", [`${shared}/tools/peers`], { encoding: "utf8" })
    .trim()
    .split("\n");
  return Object.fromEntries(lines.map((line) => line.split("=", 2) as [string, string]));
}
