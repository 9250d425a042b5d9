import { chmodSync, chownSync, lstatSync, mkdtempSync, renameSync, rmSync, type Stats, unlinkSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { EngineError } from "#errors/engine-error.ts";

/** sun_path holds 108 bytes with the closing zero; a longer path would be cut without an error. */
const LONGEST_PATH = 107;
const PRIVATE_NAME = "/s";
const TEMPLATE = ".sock-";

export interface SocketAccess {
  readonly mode: number;
  readonly gid: number | undefined;
}

/**
 * Binds a unix socket under its name with owner, group and mode already right: it is bound in a folder that only this user can
 * enter, dressed there, and renamed into place. So there is no moment at which somebody else could connect, and umask, which belongs
 * to the whole process and its workers, is left alone. A socket that nobody listens on any more is replaced.
 *
 * @throws EngineError `conflict` when somebody listens there, or something else is there; `invalid` when the path is too long.
 */
export async function claimUnixSocket(
  name: string,
  access: SocketAccess,
  bind: (path: string) => Promise<void>,
): Promise<{ release(): void }> {
  const folder = path.dirname(name);
  checkLength(name);
  checkLength(path.join(folder, `${TEMPLATE}XXXXXX${PRIVATE_NAME}`));
  await checkFree(name);
  const privateFolder = mkdtempSync(path.join(folder, TEMPLATE));
  try {
    const bound = privateFolder + PRIVATE_NAME;
    await bind(bound);
    if (access.gid !== undefined) chownSync(bound, -1, access.gid);
    chmodSync(bound, access.mode);
    renameSync(bound, name);
  } finally {
    rmSync(privateFolder, { recursive: true, force: true });
  }
  const ours = lstatSync(name);
  return { release: () => removeIfStill(name, ours) };
}

function checkLength(name: string): void {
  if (Buffer.byteLength(name) <= LONGEST_PATH) return;
  throw new EngineError("invalid", `cannot listen on ${name}: the path of a unix socket has at most ${LONGEST_PATH - 14} bytes`);
}

async function checkFree(name: string): Promise<void> {
  const found = lstatSync(name, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new EngineError("conflict", `cannot listen on ${name}: it exists and is no socket`);
  if (await answers(name)) throw new EngineError("conflict", `cannot listen on ${name}: another process listens there`);
}

function answers(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.connect(name);
    probe.once("connect", () => resolve(true)).once("error", () => resolve(false));
    probe.once("connect", () => probe.destroy());
  });
}

function removeIfStill(name: string, ours: Stats): void {
  const found = lstatSync(name, { throwIfNoEntry: false });
  if (found?.ino === ours.ino && found.dev === ours.dev) unlinkSync(name);
}
