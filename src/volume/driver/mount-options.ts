/** Words of mount(8) that are flags of mount(2); `clears` takes one away. Numbers of linux/mount.h. */
const FLAGS: Readonly<Record<string, { readonly bit: number; readonly clears?: boolean }>> = {
  defaults: { bit: 0 },
  ro: { bit: 1 },
  rw: { bit: 1, clears: true },
  nosuid: { bit: 2 },
  suid: { bit: 2, clears: true },
  nodev: { bit: 4 },
  dev: { bit: 4, clears: true },
  noexec: { bit: 8 },
  exec: { bit: 8, clears: true },
  sync: { bit: 16 },
  async: { bit: 16, clears: true },
  dirsync: { bit: 128 },
  noatime: { bit: 1024 },
  atime: { bit: 1024, clears: true },
  nodiratime: { bit: 2048 },
  diratime: { bit: 2048, clears: true },
  bind: { bit: 4096 },
  rbind: { bit: 4096 | 0x4000 },
  relatime: { bit: 1 << 21 },
  norelatime: { bit: 1 << 21, clears: true },
  strictatime: { bit: 1 << 24 },
  nostrictatime: { bit: 1 << 24, clears: true },
};

const REC = 0x4000;
const PROPAGATION: Readonly<Record<string, number>> = {
  unbindable: 1 << 17,
  runbindable: (1 << 17) | REC,
  private: 1 << 18,
  rprivate: (1 << 18) | REC,
  slave: 1 << 19,
  rslave: (1 << 19) | REC,
  shared: 1 << 20,
  rshared: (1 << 20) | REC,
};

const BIND = 4096;
const READ_ONLY = 1;

/** What mount(2) is to be asked for. */
export interface MountOptions {
  readonly flags: number;
  /** For the file system itself. */
  readonly data: string;
  /** Of a second call. */
  readonly propagation: number;
  /** A bind gets its flags by being mounted again. */
  readonly remount: number;
}

/** Tells the kernel's flags in `nosuid,size=10m,uid=1000` from the file system's own options. Pure. */
export function parseMountOptions(text: string): MountOptions {
  let [flags, propagation] = [0, 0];
  const data: string[] = [];
  for (const word of text.split(",").filter((part) => part !== "")) {
    const flag = Object.hasOwn(FLAGS, word) ? FLAGS[word] : undefined;
    const spread = Object.hasOwn(PROPAGATION, word) ? PROPAGATION[word] : undefined;
    if (flag !== undefined) flags = flag.clears === true ? flags & ~flag.bit : flags | flag.bit;
    else if (spread !== undefined) propagation = spread;
    else data.push(word);
  }
  const isRestrictedBind = (flags & BIND) !== 0 && (flags & ~(BIND | REC)) !== 0;
  return { flags, data: data.join(","), propagation, remount: isRestrictedBind ? flags : 0 };
}

export function isReadOnly({ flags }: Pick<MountOptions, "flags">): boolean {
  return (flags & READ_ONLY) !== 0;
}
