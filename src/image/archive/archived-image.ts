import { mediaTypes } from "#spec/oci-image/types.ts";
import type { Digest } from "#spec/digest.ts";
import type { Reference } from "#spec/reference.ts";
import type { ContentStore } from "#store/content/contract.ts";
import { CONFIG_LIMIT } from "../record/image-config.ts";
import type { LayerBlob } from "../record/image.ts";
import { invalid, type Member, type Members } from "./members.ts";

/** An image that an archive holds; all its blobs are in the content store already. */
export interface ArchivedImage {
  readonly configBytes: Uint8Array;
  /** From the base up. */
  readonly layers: readonly LayerBlob[];
  readonly manifest?: Digest;
  readonly blobs?: readonly Digest[];
  readonly references: readonly Reference[];
  /** Id of the image it was built from, as the archive claims. */
  readonly parent?: Digest;
}

/** What reads an archive's images. */
export interface ArchiveSource {
  readonly members: Members;
  readonly content: ContentStore;
}

/** The bytes of a configuration, manifest or index. */
export async function smallMember({ members, content }: ArchiveSource, name: string): Promise<Uint8Array> {
  const member = members.get(name);
  return member.kind === "document" ? member.bytes : content.read(member.digest, CONFIG_LIMIT);
}

/** A layer's archive as it lies there. Its media type follows from its bytes, whatever it is called. */
export function layerMember(members: Members, name: string): LayerBlob {
  const member = members.get(name);
  if (member.kind !== "blob") throw invalid(`${JSON.stringify(name.slice(0, 200))} is not a layer`);
  return { digest: member.digest, mediaType: layerMediaType(member) };
}

function layerMediaType({ compression }: Extract<Member, { kind: "blob" }>): string {
  switch (compression) {
    case "gzip":
      return mediaTypes.ociLayerGzip;
    case "zstd":
      return mediaTypes.ociLayerZstd;
    default:
      return mediaTypes.ociLayer;
  }
}
