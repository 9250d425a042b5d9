import type { Container } from "../record/container.ts";

/** As `docker info` counts them. */
export interface ContainerCounts {
  /** Also those between two restarts. */
  readonly running: number;
  readonly paused: number;
  readonly stopped: number;
}

export function countContainers(containers: Iterable<Container>): ContainerCounts {
  const counts = { running: 0, paused: 0, stopped: 0 };
  for (const { state } of containers) {
    if (state.status === "paused") counts.paused += 1;
    else if (state.status === "running" || state.status === "restarting") counts.running += 1;
    else counts.stopped += 1;
  }
  return counts;
}
