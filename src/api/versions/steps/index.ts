import type { VersionStep } from "../step.ts";
import { v1_30 } from "./v1-30.ts";
import { v1_32 } from "./v1-32.ts";
import { v1_40 } from "./v1-40.ts";
import { v1_41 } from "./v1-41.ts";
import { v1_42 } from "./v1-42.ts";
import { v1_43 } from "./v1-43.ts";
import { v1_44 } from "./v1-44.ts";
import { v1_45 } from "./v1-45.ts";
import { v1_46 } from "./v1-46.ts";
import { v1_47 } from "./v1-47.ts";
import { v1_48 } from "./v1-48.ts";
import { v1_49 } from "./v1-49.ts";
import { v1_52 } from "./v1-52.ts";
import { v1_54 } from "./v1-54.ts";
import { v1_55 } from "./v1-55.ts";

/**
 * Oldest first. What each changed is in Docker's own version history of the API. A view that has fields of old versions in it (events,
 * info, images) takes care of them itself.
 */
export const versionSteps: readonly VersionStep[] = [
  v1_30,
  v1_32,
  v1_40,
  v1_41,
  v1_42,
  v1_43,
  v1_44,
  v1_45,
  v1_46,
  v1_47,
  v1_48,
  v1_49,
  v1_52,
  v1_54,
  v1_55,
];
