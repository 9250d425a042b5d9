import { join } from "node:path";
import { createContainerFiles } from "#store/files/files.ts";
import { createCompressor } from "#store/compress/compressor.ts";
import { createContentStore } from "#store/content/fs-content-store.ts";
import type { RemapOptions } from "#store/snapshots/driver.ts";
import { selectSnapshotter } from "#store/snapshots/select.ts";
import { Trees } from "#store/tree/trees.ts";
import { createUnpacker } from "#store/unpack/unpacker.ts";
import type { NounParts } from "./nouns.ts";

/** Blobs, layers and roots under the data root, and the threads that work on them. */
export function wireStores({ config, logger, bootId }: Pick<NounParts, "config" | "logger" | "bootId">, remap: RemapOptions | undefined) {
  const { instance, images } = config.current;
  const trees = new Trees();
  const content = createContentStore({ root: join(instance.dataRoot, "content") });
  const unpacker = createUnpacker();
  const compressor = createCompressor();
  const files = createContainerFiles();
  const snapshots = selectSnapshotter(
    { trees, logger: logger.child({ part: "snapshots" }) },
    { dataRoot: join(instance.dataRoot, "snapshots"), bootId, driver: images.storageDriver, remap },
  );
  return {
    trees,
    content,
    unpacker,
    compressor,
    files,
    snapshots,
    async close(): Promise<void> {
      // Before what they read and write is put away.
      await files.close();
      await snapshots.settle();
      await Promise.all([unpacker.close(), compressor.close(), content.close(), trees.close()]);
    },
  };
}

export type Stores = ReturnType<typeof wireStores>;
