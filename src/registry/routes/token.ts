import type { RawReply } from "#http/answer.ts";
import type { Call, Operation, RegistryContext } from "../context.ts";
import { RegistryError } from "../protocol/registry-error.ts";

export const giveToken: Operation<"token"> = { action: undefined, run: give };

async function give({ access }: RegistryContext, { request }: Call<"token">): Promise<RawReply> {
  if (access.token === undefined) throw new RegistryError("UNSUPPORTED", "this registry gives out no tokens", { status: 404 });
  return access.token(request);
}
