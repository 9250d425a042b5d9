import type { RegistryConfig } from "#config/daemon-config.ts";
import { isLoopback } from "#config/values/host-address.ts";
import { listen } from "#http/listen.ts";
import type { Logger } from "#lib/logger.ts";
import { BasicAccess } from "#registry/auth/basic-access.ts";
import { Htpasswd } from "#registry/auth/htpasswd.ts";
import { OpenAccess } from "#registry/auth/open-access.ts";
import { Passwords } from "#registry/auth/passwords.ts";
import { everythingForUsers } from "#registry/auth/policy.ts";
import type { Copies } from "#registry/context.ts";
import { Registry } from "#registry/registry.ts";
import { loadTls } from "../listening/tls-files.ts";
import { ImageRepositories, type ImageStock } from "./image-repositories.ts";
import { servedName } from "./served-name.ts";

const STALL_MS = 60_000;
/** What answers that are under way get to end by themselves when the daemon stops. */
const GRACE_MS = 5000;

/** How containerd asks a mirror for another registry's images (`?ns=ghcr.io`); to push to one is refused like everything that writes. */
const asMirror: Copies = {
  isCopy: () => false,
  nameOf: (domain, path) => servedName({ domain, path, tag: undefined, digest: undefined }),
};

interface ServedImages {
  /** `tcp://127.0.0.1:5000`. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Serves the images that are here to others, read only.
 *
 * @returns where, and what ends it.
 * @throws EngineError when the address cannot be had, `invalid` for files that are not what they should be.
 */
export async function serveImages(config: RegistryConfig, stock: ImageStock, logger: Logger): Promise<ServedImages> {
  const { address, htpasswd, tls } = config;
  const passwords = htpasswd === undefined ? undefined : new Passwords(await Htpasswd.open(htpasswd));
  const access =
    passwords === undefined ? new OpenAccess() : new BasicAccess({ passwords, policy: () => everythingForUsers }, { realm: "dhow" });
  const registry = new Registry(
    { repositories: new ImageRepositories(stock), copies: asMirror, writes: undefined, access, logger },
    { limits: { blobBytes: 0, stallMs: STALL_MS }, requestsPerSecond: undefined, collectEveryMs: undefined, collectUntagged: false },
  );
  const listener = await listen(
    tls === undefined ? { kind: "tcp", ...address } : { kind: "tls", ...address, identity: loadTls(tls).identity },
  );
  registry.serve(listener);
  logger.info({}, `images are served on ${listener.address}`);
  if (!isLoopback(address.host) && htpasswd === undefined)
    logger.warn({ address: listener.address }, "everybody who can reach this address can pull every image");
  return {
    address: listener.address,
    async close() {
      listener.close();
      await registry.close(GRACE_MS);
      await passwords?.close();
    },
  };
}
