import type { InstalledPackage, System } from "./inventory.ts";

/** A package's address in the notation that vulnerability databases go by: https://github.com/package-url/purl-spec. */
export function packageUrl({ kind, name, version, architecture }: InstalledPackage, system: System | undefined): string {
  switch (kind) {
    case "deb":
    case "apk":
      return `pkg:${kind}/${encode(system?.id ?? (kind === "deb" ? "debian" : "alpine"))}/${encode(name)}@${encode(version)}${qualifiers(architecture, system)}`;
    case "npm":
      return `pkg:npm/${name.split("/").map(encode).join("/")}@${encode(version)}`;
    case "pypi":
      // PEP 503: names that differ in case, dashes and dots are one.
      return `pkg:pypi/${encode(name.toLowerCase().replace(/[-_.]+/g, "-"))}@${encode(version)}`;
    case "golang":
      return `pkg:golang/${name.split("/").map(encode).join("/")}@${encode(version)}`;
  }
}

function qualifiers(architecture: string | undefined, system: System | undefined): string {
  const pairs = [
    ...(architecture === undefined ? [] : [`arch=${encode(architecture)}`]),
    ...(system?.version === undefined ? [] : [`distro=${encode(`${system.id}-${system.version}`)}`]),
  ];
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
