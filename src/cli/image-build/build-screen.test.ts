import { describe, expect, it } from "vitest";
import { BuildScreen } from "./build-screen.ts";

/** What is on a terminal after all that was written: only the sequences that the screen uses. */
function terminal(written: string): string[] {
  const lines = [""];
  let row = 0;
  for (const [piece] of written.replaceAll("\u001b", "␛").matchAll(/␛\[\d*[A-Za-z]|\n|\r|[^␛\n\r]+/g)) {
    const up = /^␛\[(\d+)A$/.exec(piece)?.[1];
    if (up !== undefined) row -= Number(up);
    else if (piece === "␛[0J") lines.splice(row, Infinity, "");
    else if (piece === "\n") lines[++row] ??= "";
    else if (!piece.startsWith("␛") && piece !== "\r") lines[row] += piece;
  }
  return lines.filter((line, index) => line !== "" || index < lines.length - 1);
}

function play(stream: string, options: { columns?: number; failed?: boolean; pieces?: number } = {}): string[] {
  let time = 0;
  const screen = new BuildScreen({ columns: options.columns ?? 80 }, () => (time += 500));
  const size = options.pieces ?? stream.length;
  const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, index) => stream.slice(index * size, (index + 1) * size));
  const written = pieces.map((piece) => screen.take(piece)).join("");
  return terminal(written + (options.failed === undefined ? "" : screen.end(options.failed)));
}

const begun = "Step 1/3 : FROM base\n ---> 0123\nStep 2/3 : RUN make\n ---> Running in 4567\n";
const output = Array.from({ length: 10 }, (_, index) => `line ${index}\n`).join("");

describe("a build on a terminal", () => {
  it("shows the last lines of the step that goes on", () => {
    expect(play(begun + output)).toEqual([
      "[1/3] FROM base 0.5s",
      "[2/3] RUN make",
      ...[4, 5, 6, 7, 8, 9].map((number) => `    line ${number}`),
    ]);
  });

  it.each([1, 7, 10_000])("takes them away when it is done, in whatever pieces they came: %i", (pieces) => {
    const rest =
      " ---> 89ab\nStep 3/3 : COPY . .\n ---> Using cache\n ---> cdef\n\n 1 warning found:\n - Rule: detail (line 1)\nSuccessfully built cdef\nSuccessfully tagged x:latest\n";
    expect(play(begun + output + rest, { failed: false, pieces })).toEqual([
      "[1/3] FROM base 0.5s",
      "[2/3] RUN make 0.5s",
      "[3/3] COPY . . CACHED",
      " 1 warning found:",
      " - Rule: detail (line 1)",
      "Successfully built cdef",
      "Successfully tagged x:latest",
    ]);
  });

  it("leaves all that a step wrote that failed", () => {
    expect(play(begun + output, { failed: true })).toEqual([
      "[1/3] FROM base 0.5s",
      "[2/3] RUN make ERROR",
      ...output.trimEnd().split("\n"),
    ]);
  });

  it("fits the terminal, obeys no control characters in its window, and draws progress of one line as one", () => {
    expect(play("Step 1/1 : RUN a long command\n\u001b[2Jx\n 10%\r 20%\r\n", { columns: 16 })).toEqual([
      "[1/1] RUN a lon",
      "    \\u001b[2Jx",
      "     20%",
    ]);
  });

  it("prints what comes before the first step as it is", () => {
    expect(play("warning: x\nStep 1/1 : FROM a\n", { failed: false })).toEqual(["warning: x", "[1/1] FROM a 0.5s"]);
  });
});
