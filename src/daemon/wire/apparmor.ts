import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import { DEFAULT_PROFILE, profileDigest, profileText } from "#runtime/oci/apparmor/profile.ts";
import { isProfileLoaded, loadProfile } from "#sys/host/apparmor.ts";

/**
 * Has the kernel know the profile that containers get, where it has AppArmor; and which text of it, beside the sockets: both are gone
 * after a reboot.
 *
 * @returns its name; undefined where containers go without, of which the log tells the reason.
 */
export async function ensureProfile(execRoot: string, isEnabled: boolean, logger: Logger): Promise<string | undefined> {
  if (!isEnabled) return undefined;
  const loaded = isProfileLoaded(DEFAULT_PROFILE);
  if (loaded === undefined) {
    logger.warn({}, "AppArmor is enabled, but /sys/kernel/security is not mounted: containers run without a profile of it");
    return undefined;
  }
  const note = join(execRoot, "apparmor-profile");
  const digest = profileDigest();
  if (loaded && (await readFile(note, "utf8").catch(() => "")) === digest) return DEFAULT_PROFILE;
  try {
    await loadProfile(profileText());
    await writeFile(note, digest, { mode: 0o600 });
    return DEFAULT_PROFILE;
  } catch (error) {
    logger.warn({ error: messageOf(error) }, "AppArmor is enabled, but its profile could not be loaded: containers run without");
    return loaded ? DEFAULT_PROFILE : undefined;
  }
}
