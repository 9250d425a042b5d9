import { EngineError } from "#errors/engine-error.ts";
import type { CliConfigFile } from "./config-file.ts";

/**
 * Headers that the user wants on every request: DOCKER_CUSTOM_HEADERS (`name=value,"name=a, b"`), which replaces the configuration's
 * HttpHeaders. A proxy before the daemon may ask for them.
 *
 * @throws EngineError `invalid` naming the part that is none.
 */
export function customHeaders({ HttpHeaders }: CliConfigFile, variable: string | undefined): Readonly<Record<string, string>> {
  if (variable === undefined || variable === "") return HttpHeaders ?? {};
  return Object.fromEntries(fieldsOf(variable).map(headerOf));
}

/** Comma-separated values; a field in quotes may hold commas. */
function fieldsOf(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
  );
}

function headerOf(field: string): [string, string] {
  const at = field.indexOf("=");
  const name = field.slice(0, Math.max(at, 0)).trim();
  if (name === "") throw new EngineError("invalid", `DOCKER_CUSTOM_HEADERS: ${JSON.stringify(field)} is not name=value`);
  return [name, field.slice(at + 1)];
}
