import type { Owner } from "#lib/id-mapping.ts";
import { checked, libc } from "../ffi.ts";

const setfsuid = libc("int setfsuid(unsigned int uid)");
const setfsgid = libc("int setfsgid(unsigned int gid)");
const capget = libc("int capget(void *header, void *data)");
const capset = libc("int capset(void *header, const void *data)");

const CAPABILITY_VERSION_3 = 0x2008_0522;
const NOBODY = 0xffff_ffff;

/**
 * Runs `work`, which is synchronous, on this thread as a user that makes files in its own name and still may do all that the daemon may.
 *
 * What lies on an idmapped mount can only be made by somebody whom the mapping knows, and the daemon's root is not among them: the
 * kernel answers EOVERFLOW, and an overlay whose mounter it does not know becomes read-only.
 */
export function asOwner<T>({ uid, gid }: Owner, work: () => T): T {
  const [header, rights] = readCapabilities();
  const before = { uid: Number(setfsuid(NOBODY)), gid: Number(setfsgid(NOBODY)) };
  setfsgid(gid);
  setfsuid(uid);
  try {
    // Leaving user 0 took away every right over files of others.
    checked("capset", capset(header, rights));
    return work();
  } finally {
    // Coming back to it gives them back.
    setfsuid(before.uid);
    setfsgid(before.gid);
  }
}

function readCapabilities(): [header: Buffer, data: Buffer] {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(CAPABILITY_VERSION_3, 0);
  const data = Buffer.alloc(24);
  checked("capget", capget(header, data));
  return [header, data];
}
