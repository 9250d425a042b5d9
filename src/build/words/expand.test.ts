import { describe, expect, it } from "vitest";
import { expandWord, expandWords } from "./expand.ts";

const variables: Readonly<Record<string, string>> = {
  PWD: "/home",
  SHELL: "bash",
  KOREAN: "한국어",
  NULL: "",
  FILE: "/a/b/lib.tar.gz",
  S: "a b",
};
const lookUp = (name: string): string | undefined => variables[name];

// What BuildKit's own tables say (frontend/dockerfile/shell/envVarTest): facts, in our words and order.
it.each([
  ["hello", "hello"],
  ["he'll'o", "hello"],
  ["he\\'llo", "he'llo"],
  ["abc\\tdef", "abctdef"],
  ['"abc\\tdef"', "abc\\tdef"],
  ['"abc\\\\tdef"', "abc\\tdef"],
  ["hello\\", "hello"],
  ["hello\\\\", "hello\\"],
  ["'hello\\'", "hello\\"],
  ["$.", "$."],
  ["he$1x", "hex"],
  ["he$PWD", "he/home"],
  ["he\\$PWD", "he$PWD"],
  ["he\\\\$PWD", "he\\/home"],
  ['"he\\$PWD"', "he$PWD"],
  ["\\${}aaa", "${}aaa"],
  ["he${hi}xx", "hexx"],
  ["he${XXX:-000}xx", "he000xx"],
  ["he${XXX:-${PWD:-yyy}}xx", "he/homexx"],
  ["he${PWD:+${SHELL}}xx", "hebashxx"],
  ["he${NULL?}", "he"],
  ["'he${XX}'", "he${XX}"],
  ["\"he'$PWD'\"", "he'/home'"],
  ["he${XXX:-\\$PWD:}xx", "he$PWD:xx"],
  ["he${XXX:-\\${PWD}z}xx", "he${PWDz}xx"],
  ["안녕$KOREAN", "안녕한국어"],
  ["${aaa}}", "}"],
  ["${aaa:-bbb {foo}", "bbb {foo"],
  ["$999aaa", "aaa"],
  ["${@:-bbb}aaa", "bbbaaa"],
  ["$@@@", "@@"],
  ["${FILE#/a}", "/b/lib.tar.gz"],
  ["${FILE#*/}", "a/b/lib.tar.gz"],
  ["${FILE##*/}", "lib.tar.gz"],
  ["${FILE%.*}", "/a/b/lib.tar"],
  ["${FILE%%.*}", "/a/b/lib"],
  ["${FILE%\\*}", "/a/b/lib.tar.gz"],
  ["${FILE/b/x}", "/a/x/lib.tar.gz"],
  ["${FILE//b/x}", "/a/x/lix.tar.gz"],
  ["${FILE//\\//_}", "_a_b_lib.tar.gz"],
  ["${FILE//?/.}", "..............."],
  ["${FILE//*/x}", "x"],
  ["${FILE/*/x}", "x"],
  ["${SHELL//x*/-}", "bash"],
  ["${SHELL/\\*/x}", "bash"],
])("expands %s to %s", (word, expected) => {
  expect(expandWord(word, lookUp).text).toBe(expected);
});

it.each([
  "he'llo",
  "he\\\\'llo",
  '"hello',
  '"hello\\"',
  "'hello",
  "${}",
  "he${}xx",
  "he${.}",
  "he${XXX:YYY}",
  "he${XXX?}",
  "he${XXX:?}",
  "he${NULL:?}",
  "he${PWD",
  "he${PWD:=000}xx",
  "${{aaa}",
  "${aaa:-bbb",
  "${aaa:-bbb ${foo}",
  "${:}",
  "${:-bbb}",
  "${PWD/x}",
  "${PWD:#x}",
  "${PWD#\\x}",
])("refuses %s", (word) => {
  expect(() => expandWord(word, lookUp)).toThrow(
    expect.objectContaining({ name: "WordError", message: expect.stringContaining("failed to process") }),
  );
});

describe("expandWords", () => {
  it.each([
    ["a $S  c", ["a", "a", "b", "c"]],
    ['a "$S" c', ["a", "a b", "c"]],
    ["'a b' c\\ d", ["a b", "c d"]],
    ["$NULL ''", []],
    ["<<  EOF x", ["<<  EOF", "x"]],
  ])("divides %s", (text, words) => {
    expect(expandWords(text, lookUp)).toEqual(words);
  });
});

it("tells which names it met, and can leave unset ones as they are", () => {
  const { matched, unmatched } = expandWord("$PWD ${NO:-x} $SHELL", lookUp);
  expect([...matched]).toEqual(["PWD", "SHELL"]);
  expect([...unmatched]).toEqual(["NO"]);
  expect(expandWord("$NO ${NO} ${NO:-x} $PWD", lookUp, { keepUnset: true }).text).toBe("$NO ${NO} ${NO:-x} /home");
  expect(expandWord("a\"$S\"'b'", lookUp, { keepQuotes: true }).text).toBe("a\"a b\"'b'");
  expect(expandWord("`$PWD \\$PWD", lookUp, { escape: "`" }).text).toBe("$PWD \\/home");
});
