import type { SystemVersion } from "#spec/docker-api/types.ts";
import type { ClientVersion } from "./client-version.ts";
import { printableLines } from "./printable.ts";

export interface Versions {
  readonly Client: ClientVersion;
  readonly Server?: SystemVersion;
}

/** What `version` says to people. */
export function versionText({ Client, Server }: Versions): string {
  const sections = [clientLines(Client), ...(Server === undefined ? [] : [serverLines(Server)])];
  return printableLines(sections.map((lines) => `${lines.join("\n")}\n`).join("\n"));
}

const line = (indent: number, title: string, value: string | undefined): string =>
  `${" ".repeat(indent)}${`${title}:`.padEnd(20 - indent)}${value ?? ""}`;

/** A Dhow has its Node where Docker has its Go. */
function language(indent: number, version = ""): string {
  return version.startsWith("node") ? line(indent, "Node version", version.slice("node".length)) : line(indent, "Go version", version);
}

function clientLines({ Platform, Version, ApiVersion, DefaultAPIVersion, GoVersion, Os, Arch, Context }: ClientVersion): string[] {
  const agreed = ApiVersion === DefaultAPIVersion ? ApiVersion : `${ApiVersion} (downgraded from ${DefaultAPIVersion})`;
  return [
    `Client: ${Platform.Name}`,
    line(1, "Version", Version),
    line(1, "API version", agreed),
    language(1, GoVersion),
    line(1, "OS/Arch", `${Os}/${Arch}`),
    line(1, "Context", Context),
  ];
}

function serverLines({ Platform, Version, Components, ...engine }: SystemVersion): string[] {
  const others = (Components ?? []).filter(({ Name }) => Name !== "Engine");
  return [
    `Server: ${Platform?.Name ?? ""}`.trimEnd(),
    " Engine:",
    line(2, "Version", Version),
    line(2, "API version", `${engine.ApiVersion} (minimum version ${engine.MinAPIVersion ?? engine.ApiVersion})`),
    language(2, engine.GoVersion),
    line(2, "Git commit", engine.GitCommit),
    line(2, "OS/Arch", `${engine.Os}/${engine.Arch}`),
    line(2, "Experimental", String(engine.Experimental ?? false)),
    ...others.flatMap(({ Name, Version: version }) => [` ${Name}:`, line(2, "Version", version)]),
  ];
}
