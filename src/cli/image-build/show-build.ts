import type { ProgressMessage } from "#spec/progress.ts";
import { plainLine, ProgressScreen } from "../progress/screen.ts";
import { write, type Streams } from "../streams.ts";
import { BuildScreen } from "./build-screen.ts";

export type ProgressKind = "tty" | "plain" | "rawjson" | "quiet";

export interface Display {
  readonly stream: Streams["errors"];
  readonly size: { readonly columns: number; readonly rows: number };
}

/**
 * Shows a build to its end.
 *
 * @returns the image's id, as the stream's last word on it; undefined where it had none.
 */
export async function showBuild(
  messages: AsyncIterable<ProgressMessage>,
  kind: ProgressKind,
  display: Display,
): Promise<string | undefined> {
  const view = viewOf(kind, display);
  let id: string | undefined;
  try {
    for await (const message of messages) {
      id = idIn(message) ?? id;
      await write(display.stream, view.take(message));
    }
  } catch (error) {
    await write(display.stream, view.end(true));
    throw error;
  }
  await write(display.stream, view.end(false));
  return id;
}

interface View {
  take(message: ProgressMessage): string;
  end(failed: boolean): string;
}

function viewOf(kind: ProgressKind, { size }: Display): View {
  const nothing = (): string => "";
  switch (kind) {
    case "quiet":
      return { take: nothing, end: nothing };
    case "rawjson":
      return { take: (message) => `${JSON.stringify(message)}\n`, end: nothing };
    case "plain":
      // A build's own words are passed on as they come: a line may come in pieces.
      return { take: (message) => ("stream" in message ? message.stream : plainLine(message)), end: nothing };
    case "tty":
      return terminalView(size);
  }
}

function terminalView(size: Display["size"]): View {
  const build = new BuildScreen(size, () => performance.now());
  const pulls = new ProgressScreen(size);
  return {
    take: (message) => ("stream" in message ? build.take(message.stream) : "status" in message ? pulls.draw(message) : ""),
    end: (failed) => build.end(failed),
  };
}

/** `{"aux":{"ID":"sha256:…"}}`; with `q` the id is all that the stream says. */
function idIn(message: ProgressMessage): string | undefined {
  if ("aux" in message) {
    const { aux } = message;
    return typeof aux === "object" && aux !== null && "ID" in aux && typeof aux.ID === "string" ? aux.ID : undefined;
  }
  return "stream" in message ? /^sha256:[0-9a-f]{64}(?=\n?$)/.exec(message.stream)?.[0] : undefined;
}
