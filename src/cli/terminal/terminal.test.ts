import { describe, expect, it, vi } from "vitest";
import { eventually } from "#test/support/eventually.ts";
import { testStreams } from "../testing.ts";
import { forwardSignals } from "./forward-signals.ts";
import { rawMode } from "./raw-mode.ts";
import { requireTerminal } from "./require-terminal.ts";
import { followSize } from "./resize.ts";

describe("signals", () => {
  it("are passed on in order, until nobody wants them", async () => {
    const streams = testStreams();
    const sent: string[] = [];
    {
      using _signals = forwardSignals(streams, async (signal) => {
        if (signal === "SIGHUP") await new Promise((resolve) => setTimeout(resolve, 20));
        sent.push(signal);
        if (signal === "SIGHUP") throw new Error("it does not run");
      });
      for (const signal of ["SIGHUP", "SIGUSR1", "SIGTERM", "SIGWINCH"] as const) streams.signal(signal);
      await eventually(() => expect(sent).toEqual(["SIGHUP", "SIGUSR1", "SIGTERM"]));
    }
    expect(streams.listeners).toBe(0);
  });

  it("that ask for the end three times are obeyed here", async () => {
    const streams = testStreams();
    using signals = forwardSignals(streams, () => Promise.resolve());
    for (const signal of ["SIGINT", "SIGTERM", "SIGINT"] as const) streams.signal(signal);
    await expect(signals.insisted).rejects.toThrow("got 3 SIGTERM/SIGINTs, forcefully exiting");
  });
});

describe("a terminal", () => {
  it("is raw for a time", () => {
    const streams = testStreams();
    const setRawMode = vi.fn<(raw: boolean) => void>();
    Object.assign(streams.input, { isTTY: true, setRawMode });
    {
      using _raw = rawMode(streams);
      expect(setRawMode.mock.calls).toEqual([[true]]);
    }
    expect(setRawMode.mock.calls).toEqual([[true], [false]]);
  });

  it("is wanted where a person is to type into one", () => {
    const streams = testStreams();
    expect(() => requireTerminal(streams, { tty: true, stdin: true })).toThrow("the input device is not a TTY");
    expect(() => requireTerminal(streams, { tty: true, stdin: false })).not.toThrow();
    expect(() => requireTerminal(streams, { tty: false, stdin: true })).not.toThrow();
  });

  it("tells its size at first, again when that came too early, and at each change", async () => {
    const streams = testStreams({ columns: 80, rows: 24 });
    const told: string[] = [];
    let refusals = 2;
    {
      using _size = followSize(streams, ({ rows, columns }) => {
        if (refusals-- > 0) return Promise.reject(new Error("not yet"));
        told.push(`${columns}x${rows}`);
        return Promise.resolve();
      });
      await eventually(() => expect(told).toEqual(["80x24"]));
      Object.assign(streams.output, { columns: 100 });
      streams.signal("SIGWINCH");
      await eventually(() => expect(told).toEqual(["80x24", "100x24"]));
    }
    expect(streams.listeners).toBe(0);
  });
});
