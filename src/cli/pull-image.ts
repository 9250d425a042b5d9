import { canonicalString, parseReference, withDefaultTag } from "#spec/reference.ts";
import type { Cli } from "./cli.ts";
import { registryAuth } from "./connection/credentials.ts";
import { showProgress } from "./progress/show-progress.ts";
import type { Streams } from "./streams.ts";

export interface PullImageOptions {
  readonly platform: string | undefined;
  /** Undefined shows nothing. */
  readonly progress: Streams["output"] | undefined;
}

/** Pulls with the user's credentials for the registry. @returns the reference in full. */
export async function pullImage({ client, config }: Cli, name: string, { platform, progress }: PullImageOptions): Promise<string> {
  const reference = withDefaultTag(parseReference(name));
  const auth = await registryAuth(config, reference.domain);
  const messages = await client.images.pull(name, { platform, auth });
  if (progress !== undefined) await showProgress(progress, messages);
  else for await (const _ of messages); // An error is a message.
  return canonicalString(reference);
}
