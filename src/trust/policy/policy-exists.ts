import { access } from "node:fs/promises";

/** Where the policy is unless the daemon is told otherwise. */
export const DEFAULT_POLICY = "/etc/dhow/policy.json";

/** Whether there is anything to hold images to: most daemons have no policy, and load nothing to read one. Anything but its absence counts as one. */
export async function policyExists(path: string | undefined): Promise<boolean> {
  if (path !== undefined) return true;
  try {
    await access(DEFAULT_POLICY);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ENOENT");
  }
}
