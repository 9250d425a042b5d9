import { join } from "node:path";
import { readFile, rm } from "node:fs/promises";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import type { Access } from "./access.ts";
import { BasicAccess } from "./auth/basic-access.ts";
import { Htpasswd } from "./auth/htpasswd.ts";
import { TokenSigner } from "./auth/jwt.ts";
import { OpenAccess } from "./auth/open-access.ts";
import { Passwords } from "./auth/passwords.ts";
import { everythingForUsers, parsePolicy, type Policy } from "./auth/policy.ts";
import { TokenAccess } from "./auth/token-access.ts";
import { CachingRepositories, type CachingDeps } from "./cache/caching-repositories.ts";
import { ProxiedNames } from "./cache/proxied-names.ts";
import type { Upstream } from "./cache/upstream.ts";
import type { RegistryLimits } from "./context.ts";
import { Registry } from "./registry.ts";
import { Quotas } from "./repositories/quota.ts";
import { RepositoryStore } from "./repositories/repository-store.ts";
import { Youth } from "./repositories/youth.ts";
import type { RegistryStorage } from "./storage/contract.ts";
import { makeFolder } from "./storage/durable-files.ts";
import { FsStorage } from "./storage/fs-storage.ts";
import type { UploadStore } from "./uploads/contract.ts";
import { FolderUploads } from "./uploads/folder-uploads.ts";
import { Uploads } from "./uploads/uploads.ts";

/** So long a tag of a cached repository is what it was, without upstream being asked. */
const FRESH_MS = 30_000;

export type AuthOptions =
  | { readonly kind: "none" }
  | { readonly kind: "htpasswd"; readonly htpasswd: string; readonly realm: string }
  | { readonly kind: "token"; readonly htpasswd: string; readonly service: string; readonly publicUrl: string | undefined };

export interface OpenRegistryOptions {
  /** Belongs to this registry alone: blobs and documents (unless they are elsewhere), uploads, the key of its tokens. */
  readonly root: string;
  readonly auth: AuthOptions;
  /** A policy file (`auth/policy.ts`). */
  readonly policy: string | undefined;
  /** Bytes of a repository that the policy file has no quota for; undefined is any number. */
  readonly quota: number | undefined;
  readonly limits: RegistryLimits;
  readonly mostUploads: number;
  readonly uploadExpiryMs: number;
  readonly requestsPerSecond: number | undefined;
  readonly graceMs: number;
  readonly collectEveryMs: number | undefined;
  readonly collectUntagged: boolean;
}

export interface OpenRegistryDeps {
  readonly logger: Logger;
  /** Where documents and blobs are; files below the root unless given. */
  readonly storage?: RegistryStorage;
  /** Where uploads are, which go with it. */
  readonly uploads?: UploadStore;
  /** Registries that this one is a cache of. */
  readonly upstreams?: readonly ProxiedUpstream[];
}

export interface ProxiedUpstream {
  /** Its repositories are called `<prefix>/<name>` here; empty is by their own names, which are all names then. */
  readonly prefix: string;
  readonly host: string;
  readonly upstream: Upstream;
}

/** A registry with a store of its own. */
export interface OpenRegistry {
  readonly registry: Registry;
  /** Reads the policy file again. @throws EngineError `invalid`: then the one before counts. */
  reload(): Promise<void>;
  close(graceMs: number): Promise<void>;
}

/** Builds everything a registry consists of. @throws EngineError `invalid` for files that are not what they should be. */
export async function openRegistry(deps: OpenRegistryDeps, options: OpenRegistryOptions): Promise<OpenRegistry> {
  await makeFolder(options.root);
  let policy = await readPolicy(options.policy);
  const storage = deps.storage ?? (await FsStorage.open(options.root));
  const { access, closeAccess } = await openAccess(options, () => policy);
  const quotas = new Quotas(storage, (name) => policy.quotaOf(name) ?? options.quota);
  const youth = new Youth(storage, options.graceMs);
  const store = new RepositoryStore({ storage, youth, quotas });
  const uploads = await Uploads.open(
    {
      store: deps.uploads ?? (await FolderUploads.open(join(options.root, "uploads"))),
      onFound: ({ repository, data }) => quotas.coming(repository, data.size),
    },
    { mostOpen: options.mostUploads, expiryMs: options.uploadExpiryMs },
  );
  const { logger } = deps;
  const copies = deps.upstreams === undefined || deps.upstreams.length === 0 ? undefined : new ProxiedNames(deps.upstreams);
  const repositories =
    copies === undefined ? store : await openCache(options.root, { store, logger, upstreamOf: (name) => copies.upstreamOf(name) });
  const writes = { repositories: store, uploads, quotas, collect: { storage, store, youth, quotas, logger } };
  const registry = new Registry({ repositories, copies, writes, access, logger }, options);
  return {
    registry,
    async reload() {
      policy = await readPolicy(options.policy);
    },
    async close(graceMs) {
      await registry.close(graceMs);
      await closeAccess();
      await storage.close();
    },
  };
}

/** What was on its way when a process was killed begins anew. */
async function openCache(root: string, deps: CachingDeps): Promise<CachingRepositories> {
  const folder = join(root, "downloads");
  await rm(folder, { recursive: true, force: true });
  await makeFolder(folder);
  return new CachingRepositories(deps, { folder, freshMs: FRESH_MS });
}

async function readPolicy(path: string | undefined): Promise<Policy> {
  if (path === undefined) return everythingForUsers;
  return parsePolicy(
    await readFile(path, "utf8").catch((cause: unknown) => {
      throw new EngineError("invalid", `cannot read the policy file: ${messageOf(cause)}`, { cause });
    }),
  );
}

async function openAccess(
  { auth, root }: OpenRegistryOptions,
  policy: () => Policy,
): Promise<{ readonly access: Access; closeAccess: () => Promise<void> }> {
  if (auth.kind === "none") return { access: new OpenAccess(), closeAccess: () => Promise.resolve() };
  const passwords = new Passwords(await Htpasswd.open(auth.htpasswd));
  const access =
    auth.kind === "htpasswd"
      ? new BasicAccess({ passwords, policy }, auth)
      : new TokenAccess({ passwords, policy, signer: await TokenSigner.open(join(root, "token-key.pem")) }, auth);
  return { access, closeAccess: () => passwords.close() };
}
