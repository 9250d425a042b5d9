import { Duplex, PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import type { RawSession } from "#client/raw-session.ts";
import { testStreams } from "../testing.ts";
import { eventually } from "#test/support/eventually.ts";
import { join } from "./join.ts";

interface Process {
  readonly session: RawSession;
  readonly typed: () => string;
  readonly inputEnded: () => boolean;
  say(stream: "stdout" | "stderr", text: string): void;
  end(): void;
}

/** A process' side of a connection. */
function process(): Process {
  let typed = "";
  let ended = false;
  const pieces = new PassThrough({ objectMode: true });
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      typed += chunk.toString();
      done();
    },
    final(done) {
      ended = true;
      done();
    },
  });
  return {
    session: { stream, multiplexed: true, output: () => pieces },
    typed: () => typed,
    inputEnded: () => ended,
    say: (name, text) => pieces.write({ stream: name, data: Buffer.from(text) }),
    end: () => pieces.end(),
  };
}

describe("a person and a process", () => {
  it("hear each other, stdout and stderr apart", async () => {
    const streams = testStreams();
    const other = process();
    const joined = join(streams, other.session, { stdin: true, detachKeys: undefined });
    streams.input.write("question\u0010\u0011");
    other.say("stdout", "answer");
    other.say("stderr", "sigh");
    await eventually(() => expect(other.typed()).toBe("question\u0010\u0011"));
    other.end();
    expect(await joined).toBe("ended");
    expect(streams.written).toEqual({ output: "answer", errors: "sigh" });
  });

  it("part when the process ends, though the person has not", async () => {
    const streams = testStreams();
    const other = process();
    const joined = join(streams, other.session, { stdin: true, detachKeys: undefined });
    other.end();
    await joined;
    expect(streams.input.listenerCount("data")).toBe(0);
    expect(streams.input.isPaused()).toBe(true);
    expect(other.session.stream.destroyed).toBe(true);
  });

  it("go on when the person has no more to say", async () => {
    const streams = testStreams();
    const other = process();
    const joined = join(streams, other.session, { stdin: true, detachKeys: undefined });
    streams.input.end("last");
    await eventually(() => expect(other.inputEnded()).toBe(true));
    other.say("stdout", "still here");
    other.end();
    expect(await joined).toBe("ended");
    expect([other.typed(), streams.written.output]).toEqual(["last", "still here"]);
  });

  it("part by the detach keys, also when they come one by one", async () => {
    const streams = testStreams();
    const other = process();
    const joined = join(streams, other.session, { stdin: true, detachKeys: "" });
    streams.input.write("\u0010");
    streams.input.write("\u0011");
    await eventually(() => expect(other.typed()).toBe("\u0010\u0011"));
    other.end();
    expect(await joined).toBe("left");
  });

  it("part when the person's terminal is gone", async () => {
    const streams = testStreams();
    const other = process();
    const joined = join(streams, other.session, { stdin: true, detachKeys: "" });
    streams.input.end();
    await eventually(() => expect(other.inputEnded()).toBe(true));
    other.end();
    expect(await joined).toBe("left");
  });

  it("are not mistaken for parted by keys that are others", async () => {
    const streams = testStreams();
    const other = process();
    const joined = join(streams, other.session, { stdin: true, detachKeys: "ctrl-x" });
    streams.input.write("\u0010\u0011");
    await eventually(() => expect(other.typed()).toBe("\u0010\u0011"));
    other.end();
    expect(await joined).toBe("ended");
  });

  it("do not type where no input is wanted", async () => {
    const streams = testStreams();
    const other = process();
    const joined = join(streams, other.session, { stdin: false, detachKeys: undefined });
    streams.input.write("x");
    other.end();
    await joined;
    expect(other.typed()).toBe("");
  });
});
