/**
 * A line of Docker's JSON stream, as pull, import, load and build write it (`jsonstream.Message` in the API). The client keeps one
 * line on the screen for each `id` and redraws it; lines without one are printed as they come.
 */
export type ProgressMessage =
  | { readonly status: string; readonly id?: string }
  /** `progressDetail` is empty for a step without a measure. */
  | { readonly status: string; readonly id: string; readonly progressDetail: { readonly current?: number; readonly total?: number } }
  | { readonly stream: string }
  | { readonly aux: unknown; readonly progressDetail?: Readonly<Record<string, never>> };

/** Takes a line. Never throws, and does not wait for the client. */
export type ProgressSink = (message: ProgressMessage) => void;
