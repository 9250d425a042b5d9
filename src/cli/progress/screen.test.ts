import { describe, expect, it } from "vitest";
import { progressBar } from "./bar.ts";
import { plainLine, ProgressScreen } from "./screen.ts";

describe("progress on a terminal", () => {
  it("draws the line of an id again in its place", () => {
    const screen = new ProgressScreen({ columns: 80, rows: 24 });
    const drawn = [
      { status: "Pulling from x", id: "v1" },
      { status: "Waiting", id: "a", progressDetail: {} },
      { status: "Waiting", id: "b", progressDetail: {} },
      { status: "Downloading", id: "a", progressDetail: { current: 1_000_000, total: 2_000_000 } },
      { status: "Pull complete", id: "b", progressDetail: {} },
      { status: "Digest: sha256:1" },
      { status: "Waiting", id: "a", progressDetail: {} },
    ].map((message) => screen.draw(message));
    expect(drawn).toEqual([
      "v1: Pulling from x\n",
      "a: Waiting\n",
      "b: Waiting\n",
      "\u001b[2A\u001b[2K\ra: Downloading 1MB/2MB\n\u001b[1B",
      "\u001b[1A\u001b[2K\rb: Pull complete\n",
      "Digest: sha256:1\n",
      "a: Waiting\n",
    ]);
  });

  it("does not draw what has left the screen, nor more than fits a line", () => {
    const screen = new ProgressScreen({ columns: 8, rows: 2 });
    for (const id of ["a", "b", "c"]) screen.draw({ status: "W", id, progressDetail: {} });
    expect(screen.draw({ status: "D", id: "a", progressDetail: {} })).toBe("");
    expect(screen.draw({ status: "Downloading", id: "c", progressDetail: {} })).toBe("\u001b[1A\u001b[2K\rc: Downl\n");
  });

  it("does not obey a registry's control characters", () => {
    const screen = new ProgressScreen({ columns: 80, rows: 24 });
    expect(screen.draw({ status: "x\n\u001b[2J", id: "a", progressDetail: {} })).toBe("a: x\\u000a\\u001b[2J\n");
    expect(screen.draw({ status: "\u001b[2J" })).toBe("\\u001b[2J\n");
  });
});

describe("progress elsewhere", () => {
  it.each([
    [{ status: "Pulling fs layer", id: "a", progressDetail: {} }, "a: Pulling fs layer\n"],
    [{ status: "Downloading", id: "a", progressDetail: { current: 1, total: 2 } }, ""],
    [{ status: "Status: done" }, "Status: done\n"],
    [{ stream: "Loaded image: x\n" }, "Loaded image: x\n"],
    [{ aux: {} }, ""],
  ])("%j", (message, expected) => {
    expect(plainLine(message)).toBe(expected);
  });
});

describe("a bar", () => {
  it.each([
    [{}, 200, ""],
    [{ current: 5000 }, 200, " 5kB"],
    [{ current: 0, total: 100 }, 200, ` [>${" ".repeat(49)}]  0B/100B`],
    [{ current: 50, total: 100 }, 200, ` [${"=".repeat(25)}>${" ".repeat(24)}]  50B/100B`],
    [{ current: 100, total: 100 }, 200, ` [${"=".repeat(50)}]  100B/100B`],
    [{ current: 300, total: 100 }, 200, ` [${"=".repeat(50)}]  100B/100B`],
    [{ current: 50, total: 100 }, 80, " 50B/100B"],
  ])("%j in %i columns", (measure, columns, expected) => {
    expect(progressBar(measure, columns)).toBe(expected);
  });
});
