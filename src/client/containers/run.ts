import type { ContainerCreateBody } from "#spec/docker-api/types.ts";
import { collected, type RunResult } from "../collected.ts";
import type { ContainersClient, CreateOptions } from "./containers.ts";

/**
 * Runs a container to its end, and removes it: `docker run --rm`, with what it wrote for an answer. An abort kills it.
 *
 * @throws ApiError when it cannot be made or started (404 without its image); the signal's reason.
 */
export async function runContainer(containers: ContainersClient, body: ContainerCreateBody, options: CreateOptions): Promise<RunResult> {
  const { signal } = options;
  // It is removed below: one that removed itself would be gone by then, or half gone.
  const HostConfig = { ...body.HostConfig, AutoRemove: false };
  const { Id } = await containers.create({ ...body, HostConfig, AttachStdout: true, AttachStderr: true }, options);
  try {
    const session = await containers.attach(Id, { signal });
    const { exit } = await containers.waiting(Id, { condition: "next-exit", signal });
    await containers.start(Id);
    const output = await collected(session.output());
    signal?.throwIfAborted();
    return { exitCode: (await exit).StatusCode, ...output };
  } finally {
    await containers.remove(Id, { force: true, volumes: true });
  }
}
