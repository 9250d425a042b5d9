import { createHash } from "node:crypto";
import { dhowVersion } from "#spec/identity.ts";
import type { Digest } from "#spec/digest.ts";
import type { InstalledPackage, Inventory } from "./inventory.ts";
import { packageUrl } from "./package-url.ts";

export interface SbomSubject {
  readonly id: Digest;
  /** By a name of its own, or its id. */
  readonly name: string;
  /** When it was looked at. */
  readonly created: Date;
}

/** A bill of materials: SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3/), which scanners and policy engines read. */
export function spdxDocument({ packages, system }: Inventory, { id, name, created }: SbomSubject): object {
  const entries = packages.map((one) => packageEntry(one, packageUrl(one, system)));
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name,
    // The place that the specification gives to those who have none of their own; the same document has the same name.
    documentNamespace: `https://spdx.org/spdxdocs/dhow-${shortHash(JSON.stringify([id, created, packages]), 32)}`,
    creationInfo: { created: `${created.toISOString().slice(0, 19)}Z`, creators: [`Tool: dhow-${dhowVersion}`] },
    packages: [imageEntry(id, name), ...entries],
    relationships: [
      { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: IMAGE },
      ...entries.map(({ SPDXID }) => ({ spdxElementId: IMAGE, relationshipType: "CONTAINS", relatedSpdxElement: SPDXID })),
    ],
  };
}

const IMAGE = "SPDXRef-Image";

function imageEntry(id: Digest, name: string): object {
  return {
    SPDXID: IMAGE,
    name,
    versionInfo: id,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    primaryPackagePurpose: "CONTAINER",
    checksums: [{ algorithm: "SHA256", checksumValue: id.slice("sha256:".length) }],
  };
}

interface Entry {
  readonly SPDXID: string;
  readonly [field: string]: unknown;
}

function packageEntry(one: InstalledPackage, url: string): Entry {
  const { kind, name, version, source, license, foundIn } = one;
  return {
    // Letters, digits, dots and dashes alone, and unique: the hash makes it so.
    SPDXID: `SPDXRef-Package-${kind}-${name.replace(/[^A-Za-z0-9.-]+/g, "-").slice(0, 60)}-${shortHash(url, 12)}`,
    name,
    versionInfo: version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    primaryPackagePurpose: "LIBRARY",
    sourceInfo: source === undefined ? `found in /${foundIn}` : `found in /${foundIn}; built from source package ${source}`,
    licenseConcluded: "NOASSERTION",
    // What a package says is often no SPDX expression, which is all that this field may hold.
    licenseDeclared: "NOASSERTION",
    ...(license === undefined ? {} : { licenseComments: `the package says: ${license}` }),
    copyrightText: "NOASSERTION",
    externalRefs: [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: url }],
  };
}

function shortHash(text: string, length: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}
