/** What the monitor says of the start, once, as a line of JSON. */
export type SyncMessage =
  | { readonly kind: "created"; readonly pid: number }
  /** `message` is what the runtime said on its stderr, or conmon itself. */
  | { readonly kind: "failed"; readonly message: string };

/**
 * @param text all that came: conmon's own complaints, if any, and `{"data": <pid>}` or `{"data": -1, "message": …}`; without a
 *   line of JSON the monitor has died.
 */
export function parseSyncMessage(text: string): SyncMessage {
  const line = text.split("\n").find((candidate) => candidate.startsWith("{"));
  const message = line === undefined ? undefined : parseLine(line);
  if (message === undefined) return { kind: "failed", message: text.trim() || "the monitor ended without a word" };
  if (message.data > 0) return { kind: "created", pid: message.data };
  return { kind: "failed", message: message.message?.trim() || "the runtime failed without a word" };
}

/** conmon escapes every control character but the last, U+001F. */
function parseLine(line: string): { data: number; message?: string } | undefined {
  try {
    const value: unknown = JSON.parse(line.replaceAll("\u001f", "?"));
    return typeof value === "object" && value !== null && "data" in value && typeof value.data === "number"
      ? (value as { data: number; message?: string })
      : undefined;
  } catch {
    return undefined;
  }
}
