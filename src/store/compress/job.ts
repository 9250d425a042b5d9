import type { RingMemory } from "../files/ring.ts";

/** What the thread is told: plain data. */
export interface CompressJob {
  readonly path: string;
  readonly ring: RingMemory;
}
