import { EngineError } from "#errors/engine-error.ts";

/**
 * Everything a daemon makes outside its data root derives from one instance name, so that several daemons live on one host
 * and never touch each other's objects. `dhow` is the system daemon's name; tests take `dhow-t1a2b` and the like.
 */
export interface Instance {
  /** 1 to 12 characters, `[a-z][a-z0-9-]*`. */
  readonly name: string;
  /** /run/<name>: sockets, pid file, netns mounts, monitors' files. Gone after a reboot. */
  readonly execRoot: string;
  /** Where images, containers and volumes live. */
  readonly dataRoot: string;
  /** The default bridge, `<name>0` (≤ 15 characters). */
  readonly bridge: string;
  /** The nft table (family inet) that holds every rule of this daemon. */
  readonly nftTable: string;
  /** Parent of every container's cgroup, relative to each hierarchy's root: `/<name>`. */
  readonly cgroupParent: string;
  /** Five characters before a veth's random part, so that a leftover can be told apart. */
  readonly vethPrefix: string;
}

const NAME = /^[a-z][a-z0-9-]{0,11}$/;

export function instanceOf(name: string, roots: { dataRoot?: string; execRoot?: string } = {}): Instance {
  if (!NAME.test(name)) {
    throw new EngineError(
      "invalid",
      `invalid instance name ${JSON.stringify(name)}: want 1 to 12 of a-z, 0-9 and -, starting with a letter`,
    );
  }
  return Object.freeze({
    name,
    execRoot: roots.execRoot ?? `/run/${name}`,
    dataRoot: roots.dataRoot ?? `/var/lib/${name}`,
    bridge: `${name}0`,
    nftTable: name,
    cgroupParent: `/${name}`,
    vethPrefix: `d${shortHash(name)}`,
  });
}

/** Four base-36 characters of FNV-1a: enough to keep the interfaces of a handful of daemons apart. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return (hash % 36 ** 4).toString(36).padStart(4, "0");
}
