import { EngineError } from "#errors/engine-error.ts";
import type { DnsTrace } from "#spec/network/dns-trace.ts";
import { connectedSandbox } from "./sandbox/attach.ts";
import type { NetworkContext } from "./context.ts";
import type { ContainerDirectory } from "./ports.ts";

export interface TraceInput {
  readonly container: string;
  readonly name: string;
  /** A record type by name. */
  readonly type: string | undefined;
}

/** @throws EngineError `not-found`, `conflict` when it does not run, `invalid`. */
export async function traceContainerName(context: NetworkContext, containers: ContainerDirectory, input: TraceInput): Promise<DnsTrace> {
  if (input.name === "") throw new EngineError("invalid", "name is required");
  const { id } = containers.find(input.container);
  return await context.names.trace(connectedSandbox(context, id), input.name, input.type);
}
