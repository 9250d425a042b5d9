import type { ContainerService } from "#container/service.ts";
import type { DiskUsageSources } from "#engine/disk-usage.ts";
import type { ImageService } from "#image/image-service.ts";
import type { WiredBuilder } from "./builder.ts";
import type { Volumes } from "#volume/volumes.ts";

/** Where `system df` learns what the nouns have on the disk. Its answer is for several at once: that one of them left stops nothing. */
export function usageSources(
  images: ImageService,
  containers: ContainerService,
  volumes: Volumes,
  builder: Pick<WiredBuilder, "usage">,
): DiskUsageSources {
  return {
    images: () => images.diskUse(),
    containers: () => containers.list({ all: true, limit: 0, size: false, filters: new Map() }),
    containerUse: (container) => containers.diskUse(container),
    volumes: () => volumes.usage(new AbortController().signal),
    buildCache: () => builder.usage(),
  };
}
