import { mediaTypes, type Descriptor } from "#spec/oci-image/types.ts";

/** A manifest as it is sent. */
export interface ManifestToPush {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

type Blob = Pick<Descriptor, "digest" | "size" | "mediaType">;

const DOCKER_TYPES: Readonly<Record<string, string>> = {
  [mediaTypes.ociLayer]: mediaTypes.dockerLayer,
  [mediaTypes.dockerLayer]: mediaTypes.dockerLayer,
  [mediaTypes.ociLayerGzip]: mediaTypes.dockerLayerGzip,
  [mediaTypes.dockerLayerGzip]: mediaTypes.dockerLayerGzip,
};
const OCI_TYPES: Readonly<Record<string, string>> = {
  [mediaTypes.dockerLayer]: mediaTypes.ociLayer,
  [mediaTypes.dockerLayerGzip]: mediaTypes.ociLayerGzip,
};

/**
 * The manifest of an image that came by none, or not by one that can be pushed: Docker's schema 2, to the byte as dockerd writes it, and OCI's
 * where a layer is of a kind that schema 2 does not know (zstd).
 */
export function buildManifest(config: Omit<Blob, "mediaType">, layers: readonly Blob[]): ManifestToPush {
  const isDocker = layers.every(({ mediaType }) => DOCKER_TYPES[mediaType] !== undefined);
  const mediaType = isDocker ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
  const typeOf = (type: string): string => (isDocker ? DOCKER_TYPES[type] : OCI_TYPES[type]) ?? type;
  const document = {
    schemaVersion: 2,
    mediaType,
    config: described(config, isDocker ? mediaTypes.dockerConfig : mediaTypes.ociConfig),
    layers: layers.map((layer) => described(layer, typeOf(layer.mediaType))),
  };
  return { bytes: Buffer.from(JSON.stringify(document, undefined, 3)), mediaType };
}

function described({ digest, size }: Omit<Blob, "mediaType">, mediaType: string): object {
  return { mediaType, size, digest };
}
