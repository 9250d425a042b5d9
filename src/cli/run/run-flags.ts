import { fileFlags } from "./flags/files.ts";
import { healthFlags } from "./flags/health.ts";
import { identityFlags } from "./flags/identity.ts";
import { limitFlags } from "./flags/limits.ts";
import { networkFlags } from "./flags/network.ts";
import { securityFlags } from "./flags/security.ts";
import type { RunFlags } from "./run-flag.ts";

/** Every flag of `run` that says something of the container. What the daemon does not do it refuses by name. */
export const runFlags: RunFlags = {
  ...identityFlags,
  ...limitFlags,
  ...fileFlags,
  ...networkFlags,
  ...securityFlags,
  ...healthFlags,
};
