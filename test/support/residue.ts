import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Instance } from "#spec/instance.ts";
import { inventoryOf } from "./inventory.ts";

/** What stays when the last container is gone and the daemon has ended: images and networks, and the volumes that have a name. */
const KEPT = [
  /^file \w+\/volumes\//,
  /^file \w+\/content\/blobs\//,
  /^file \w+\/snapshots\/\w+\/(?:layers|inits)\//,
  /^file \w+\/builds\/caches\//,
  /^row (?!containers |container_removals |network_sandboxes |volume_uses )/,
];

/** What an engine may leave on a host when it has gone wrong: one line for each thing, nothing when all is clean. */
export function residueOf(instance: Instance): string[] {
  const left = inventoryOf(instance).filter((line) => !KEPT.some((kept) => kept.test(line)));
  return [...left, ...outside(instance).map((path) => `file ${path}`)];
}

/** Temporary files outside the roots. */
function outside(instance: Instance): string[] {
  return readdirSync(tmpdir())
    .filter(
      (name) =>
        name.includes(instance.name) && ![instance.dataRoot, instance.execRoot].some((root) => root.startsWith(join(tmpdir(), name))),
    )
    .map((name) => join(tmpdir(), name))
    .filter((path) => existsSync(path));
}
