import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatPlatform, hostPlatform, type Platform } from "#spec/platform.ts";

const REGISTERED = "/proc/sys/fs/binfmt_misc";
/** What the names of emulators call an architecture: qemu's own, as every registrar has them. */
const EMULATORS: Readonly<Record<string, readonly string[]>> = {
  amd64: ["x86_64"],
  "386": ["i386", "i486"],
  arm64: ["aarch64"],
  arm: ["arm"],
  riscv64: ["riscv64"],
  ppc64le: ["ppc64le"],
  s390x: ["s390x"],
  mips64le: ["mips64el"],
  loong64: ["loongarch64"],
};
/** What a processor runs besides its own. */
const ALSO: Readonly<Record<string, readonly string[]>> = { amd64: ["386"], arm64: ["arm"] };

/**
 * Whether commands of a platform run here: the processor's own, or by an emulator that the kernel knows (binfmt_misc) and holds open (`F`), since a container's root has none.
 *
 * @param folder where the kernel lists them.
 */
export function canRun(platform: Platform, host: Platform = hostPlatform(), folder = REGISTERED): boolean {
  const { architecture } = platform;
  if (architecture === host.architecture || ALSO[host.architecture]?.includes(architecture) === true) return true;
  const names = EMULATORS[architecture] ?? [architecture];
  return registered(folder).some(
    (entry) => names.some((name) => entry === `qemu-${name}` || entry === name) && isReady(join(folder, entry)),
  );
}

/** What to say of a command that could not be started for a platform that this host does not run; undefined where that is not the reason. */
export function emulationHint(platform: Platform): string | undefined {
  if (canRun(platform)) return undefined;
  const [wanted, own] = [formatPlatform(platform), formatPlatform(hostPlatform())];
  return `RUN cannot be executed for ${wanted} on ${own}: the kernel knows no emulator of it. Register one with the flag F (the package qemu-user-static does), or copy into this stage what a stage of --platform=$BUILDPLATFORM makes`;
}

function registered(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isReady(file: string): boolean {
  try {
    const text = readFileSync(file, "latin1");
    return text.startsWith("enabled") && /^flags: .*F/m.test(text);
  } catch {
    return false;
  }
}
