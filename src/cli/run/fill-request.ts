import type { ContainerCreateBody } from "#spec/docker-api/types.ts";
import type { Cli } from "../cli.ts";
import { consoleSize } from "../terminal/console-size.ts";
import { flagContext } from "./flag-context.ts";
import { createBody, emptyRequest } from "./request.ts";
import type { Apply } from "./run-flag.ts";
import type { RunSettings } from "./settings.ts";

/** What is sent to make the container: what the flags say, and what follows from how the command takes part in it. */
export function fillRequest(cli: Cli, settings: RunSettings, applies: readonly Apply[], command: readonly string[]): ContainerCreateBody {
  const request = emptyRequest();
  const context = flagContext(cli);
  for (const apply of applies) apply(request, context);
  const { attached, interactive, tty, autoRemove, image } = settings;
  Object.assign(request.config, {
    Image: image,
    Tty: tty,
    OpenStdin: interactive,
    // The end of our input is then the end of the container's.
    StdinOnce: interactive && attached.has("stdin"),
    AttachStdin: attached.has("stdin"),
    AttachStdout: attached.has("stdout"),
    AttachStderr: attached.has("stderr"),
    ...(command.length === 0 ? {} : { Cmd: [...command] }),
  });
  Object.assign(request.hostConfig, { AutoRemove: autoRemove, ...consoleSize(cli.streams, tty) });
  return createBody(request);
}
