import type { ContainerConfig } from "#spec/docker-api/types.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The environment in Docker's order: PATH, HOSTNAME and, with a terminal, TERM; then the image's and the user's, which replace
 * those of the same name where they stand. A name without `=` takes the variable away. HOME comes last, unless it is set.
 */
export function containerEnvironment(config: Pick<ContainerConfig, "Env" | "Tty">, hostname: string, home: string): string[] {
  return withHome(overrideEnvironment(defaultEnvironment(hostname, config.Tty === true), config.Env ?? []), home);
}

export function defaultEnvironment(hostname: string, tty: boolean): string[] {
  return [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${hostname}`, ...(tty ? ["TERM=xterm"] : [])];
}

/** `base` with the entries of `overrides`: replaced in place, else appended, in order. */
export function overrideEnvironment(base: readonly string[], overrides: readonly string[]): string[] {
  const entries = new Map<string, string>();
  for (const entry of base) entries.set(nameOf(entry), entry);
  for (const entry of overrides) {
    if (entry.includes("=")) entries.set(nameOf(entry), entry);
    else entries.delete(entry);
  }
  return [...entries.values()];
}

export function withHome(environment: readonly string[], home: string): string[] {
  return environment.some((entry) => nameOf(entry) === "HOME") ? [...environment] : [...environment, `HOME=${home}`];
}

function nameOf(entry: string): string {
  const separator = entry.indexOf("=");
  return separator < 0 ? entry : entry.slice(0, separator);
}
