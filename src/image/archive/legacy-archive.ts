import { parseReference, withTag, type Reference } from "#spec/reference.ts";
import type { LayerBlob } from "../record/image.ts";
import { layerMember, type ArchivedImage, type ArchiveSource } from "./archived-image.ts";
import { asRecord, parseDocument } from "./json-document.ts";
import { invalid } from "./members.ts";

const DEEPEST = 500;
const V1_ONLY: ReadonlySet<string> = new Set(["id", "parent", "Size", "parent_id", "layer_id", "throwaway"]);

interface LegacyLayer {
  readonly blob: LayerBlob;
  readonly json: Readonly<Record<string, unknown>>;
}

/**
 * The form before Docker 1.10: `repositories` names the top layer of each tag, and every layer has a folder with its own
 * configuration, which names the one below. The image's configuration is made from those.
 *
 * @throws EngineError `invalid`.
 */
export async function* readLegacyArchive(source: ArchiveSource): AsyncGenerator<ArchivedImage> {
  const repositories = asRecord(parseDocument(source.members.document("repositories"), "repositories"), "repositories");
  for (const [name, tags] of Object.entries(repositories)) {
    for (const [tag, top] of Object.entries(asRecord(tags, "a repository"))) {
      if (typeof top !== "string") throw invalid("a tag of repositories is not a string");
      yield imageOf(layersOf(source, top), withTag(parseReference(name), tag));
    }
  }
}

/** From the base up. */
function layersOf(source: ArchiveSource, top: string): LegacyLayer[] {
  const layers: LegacyLayer[] = [];
  for (let id: unknown = top; id !== undefined && id !== "";) {
    if (typeof id !== "string" || !/^[0-9a-f]{64}$/.test(id)) throw invalid("a layer's id is not 64 hex digits");
    if (layers.length >= DEEPEST) throw invalid(`more than ${DEEPEST} layers on top of each other`);
    const json = asRecord(parseDocument(source.members.document(`${id}/json`), `${id}/json`), `${id}/json`);
    const blob = layerMember(source.members, `${id}/layer.tar`);
    if (!blob.mediaType.endsWith(".tar")) throw invalid(`${id}/layer.tar is compressed, which this form does not know`);
    layers.unshift({ blob, json });
    id = json["parent"];
  }
  return layers;
}

function imageOf(layers: readonly LegacyLayer[], reference: Reference): ArchivedImage {
  const top = layers.at(-1)?.json ?? {};
  const config = {
    ...Object.fromEntries(Object.entries(top).filter(([name]) => !V1_ONLY.has(name))),
    // An uncompressed layer's digest is its diff id.
    rootfs: { type: "layers", diff_ids: layers.map(({ blob }) => blob.digest) },
    history: layers.map(({ json }) => ({ created: json["created"] ?? undefined, created_by: commandOf(json) })),
  };
  return { configBytes: Buffer.from(JSON.stringify(config)), layers: layers.map(({ blob }) => blob), references: [reference] };
}

function commandOf(json: Readonly<Record<string, unknown>>): string {
  const made = json["container_config"];
  const command = typeof made === "object" && made !== null && "Cmd" in made ? made.Cmd : undefined;
  return Array.isArray(command) ? command.filter((part) => typeof part === "string").join(" ") : "";
}
