import { describe, expect, it } from "vitest";
import { commandTable, nouns } from "../command-table.ts";
import { commandHelp } from "./command-help.ts";
import { nounHelp, rootHelp } from "./root-help.ts";
import { wrap } from "./wrap.ts";

describe("help", () => {
  it("of dhow", async () => {
    await expect(rootHelp()).toMatchFileSnapshot("golden/dhow.golden");
  });

  it.each(Object.keys(nouns))("of %s", async (noun) => {
    await expect(nounHelp(noun)).toMatchFileSnapshot(`golden/${noun}.golden`);
  });

  it.each(commandTable.map((entry) => [entry.names[0], entry] as const))("of %s", async (name, entry) => {
    const help = commandHelp(entry, name, await entry.load());
    await expect(help).toMatchFileSnapshot(`golden/${name}.golden`);
    expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(81);
  });

  it("breaks lines between words", () => {
    expect(wrap("one two three\nfour", 8)).toEqual(["one two", "three", "four"]);
    expect(wrap("unbreakable", 3)).toEqual(["unbreakable"]);
    expect(wrap("'a':     column", 20)).toEqual(["'a':     column"]);
  });
});
