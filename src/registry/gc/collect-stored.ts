import type { Logger } from "#lib/logger.ts";
import { Quotas } from "../repositories/quota.ts";
import { RepositoryStore } from "../repositories/repository-store.ts";
import { Youth } from "../repositories/youth.ts";
import type { RegistryStorage } from "../storage/contract.ts";
import { FsStorage } from "../storage/fs-storage.ts";
import { collect, type Collected } from "./collect.ts";

export interface StoredRegistry {
  readonly root: string;
  readonly logger: Logger;
  /** Files below the root unless given. */
  readonly storage?: RegistryStorage;
}

/** Collects the garbage of a registry that nobody serves now; the caller has seen to that. */
export async function collectStored(
  { root, logger, storage: given }: StoredRegistry,
  options: { readonly graceMs: number; readonly collectUntagged: boolean },
): Promise<Collected> {
  const storage = given ?? (await FsStorage.open(root));
  const quotas = new Quotas(storage, () => undefined);
  const youth = new Youth(storage, options.graceMs);
  const store = new RepositoryStore({ storage, youth, quotas });
  try {
    return await collect(
      { storage, store, youth, quotas, logger },
      { untagged: options.collectUntagged, signal: new AbortController().signal },
    );
  } finally {
    await storage.close();
  }
}
