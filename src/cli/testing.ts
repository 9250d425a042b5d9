/** For tests: a person's side that is nobody's. */
import { PassThrough } from "node:stream";
import type { Streams } from "./streams.ts";

export interface TestStreams extends Streams {
  readonly input: PassThrough & { isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  /** What was written so far. */
  readonly written: { output: string; errors: string };
  /** As if the process had got it. */
  signal(signal: NodeJS.Signals): void;
  /** How many listen for signals now. */
  readonly listeners: number;
}

export function testStreams(terminal?: { readonly columns: number; readonly rows: number }): TestStreams {
  const written = { output: "", errors: "" };
  const listeners = new Set<(signal: NodeJS.Signals) => void>();
  const collecting = (name: "output" | "errors"): PassThrough => {
    const stream = new PassThrough();
    stream.on("data", (data: Buffer) => (written[name] += data.toString()));
    return stream;
  };
  return {
    input: new PassThrough(),
    output: Object.assign(collecting("output"), terminal === undefined ? {} : { isTTY: true, ...terminal }),
    errors: collecting("errors"),
    written,
    onSignal: (signals, listener) => {
      const filtered = (signal: NodeJS.Signals): void => (signals.includes(signal) ? listener(signal) : undefined);
      listeners.add(filtered);
      return () => void listeners.delete(filtered);
    },
    signal: (signal) => {
      for (const listener of listeners) listener(signal);
    },
    get listeners() {
      return listeners.size;
    },
  };
}
