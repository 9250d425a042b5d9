import { ApiError } from "#client/api-error.ts";
import type { ContainerCreateBody } from "#spec/docker-api/types.ts";
import { familiarString, parseReference, withDefaultTag } from "#spec/reference.ts";
import type { Cli } from "../cli.ts";
import { printableLines } from "../format/printable.ts";
import { pullImage } from "../pull-image.ts";
import { write } from "../streams.ts";
import { CidFile } from "./cid-file.ts";
import type { RunSettings } from "./settings.ts";

/** Makes the container, and gets its image first where that is wanted. @returns its id. */
export async function createContainer(cli: Cli, settings: RunSettings, body: ContainerCreateBody): Promise<string> {
  using cidFile = settings.cidFile === undefined ? undefined : new CidFile(settings.cidFile);
  if (settings.pull === "always") await pull(cli, settings);
  const { Id, Warnings } = await createOrPull(cli, settings, body);
  cidFile?.write(Id);
  for (const warning of Warnings ?? []) await write(cli.streams.errors, `WARNING: ${printableLines(warning)}\n`);
  return Id;
}

type Created = Awaited<ReturnType<Cli["client"]["containers"]["create"]>>;

async function createOrPull(cli: Cli, settings: RunSettings, body: ContainerCreateBody): Promise<Created> {
  const create = (): Promise<Created> => cli.client.containers.create(body, settings);
  try {
    return await create();
  } catch (error) {
    if (settings.pull !== "missing" || !isMissingImage(error)) throw error;
    const name = familiarString(withDefaultTag(parseReference(settings.image)));
    if (!settings.quiet) await write(cli.streams.errors, `Unable to find image '${name}' locally\n`);
    await pull(cli, settings);
    return create();
  }
}

/** A container that is named (for its volumes, its network) may be missing as well: only the text tells them apart. */
const isMissingImage = (error: unknown): boolean =>
  error instanceof ApiError && error.status === 404 && /no such image/i.test(error.message);

/** Its progress is no output of the container's. */
async function pull(cli: Cli, { image, platform, quiet }: RunSettings): Promise<void> {
  await pullImage(cli, image, { platform, progress: quiet ? undefined : cli.streams.errors });
}
