import { describe, expect, it } from "vitest";
import { ignoreMatcher, parseIgnoreFile } from "./ignore-file.ts";

// The verdicts are moby/patternmatcher's.
describe("ignoreMatcher", () => {
  it.each<[patterns: string[], path: string, ignored: boolean]>([
    [["**"], "file", true],
    [["**"], "dir/file", true],
    [["**/"], "dir/file", true],
    [["**/**"], "dir/dir2/file", true],
    [["dir/**"], "file", false],
    [["dir/**"], "dir/file", true],
    [["dir/**"], "dir/dir2/file.txt", true],
    [["**/dir2/*"], "dir/dir2/file", true],
    [["**/dir2/*"], "dir/dir2/dir2/file", true],
    [["**file"], "file", true],
    [["**file"], "dir/file", true],
    [["**/file"], "file", true],
    [["**/file"], "dir/dir/file", true],
    [["**/file*"], "dir/dir/file.txt", true],
    [["**/file*txt"], "dir/dir/file.txt", true],
    [["**/file*.txt*"], "dir/dir/file.txt", true],
    [["**/**/*.txt"], "dir/dir/file.txt", true],
    [["**/**/*.txt2"], "dir/dir/file.txt", false],
    [["**/*.txt"], "file.txt", true],
    [["a**/*.txt"], "a/file.txt", true],
    [["a**/*.txt"], "a/dir/dir/file.txt", true],
    [["a/*.txt"], "a/dir/file.txt", false],
    [["a/*.txt"], "a/file.txt", true],
    [["a[b-d]e"], "ae", false],
    [["a[b-d]e"], "ace", true],
    [["a[^b-d]e"], "aze", true],
    [[".*"], ".foo", true],
    [[".*"], "foo", false],
    [["abc.def"], "abcZdef", false],
    [["a(b)c/def"], "a(b)c/def", true],
    [["a|b"], "a|b", true],
    [["a\\*b"], "a*b", true],
    [["a\\*b"], "axb", false],
    [["node_modules"], "node_modules/x/y.js", true],
    [["node_modules"], "sub/node_modules/x", false],
    [["*"], "a/b", true],
    [["*", "!a"], "a/b", false],
    [["*", "!a/b"], "a/c", true],
    [["*", "!a/b", "a/b/c"], "a/b/c", true],
    [["!*.md", "*.md"], "x.md", true],
    [["*.md", "!README*.md", "README-secret.md"], "README-secret.md", true],
    [["*.md", "!README*.md"], "README.md", false],
    [["?.txt"], "ab.txt", false],
    [["?.txt"], "é.txt", true],
  ])("%j: %s %s", (patterns, path, ignored) => {
    expect(ignoreMatcher(patterns)(path)).toBe(ignored);
  });

  it("is not made slow by any pattern", () => {
    expect(ignoreMatcher([`${"**/a*".repeat(50)}z`])("a/".repeat(500))).toBe(false);
  });
});

describe("parseIgnoreFile", () => {
  it("cleans what it reads", () => {
    const text = "\uFEFF# a comment\n\n  /abs/ \r\n./a/../b\n!  /keep/\n#not\n ! /x\n\\#name\nabc/#def";
    expect(parseIgnoreFile(text)).toEqual(["abs", "b", "!keep", "!x", "\\#name", "abc/#def"]);
  });

  it.each(["!", "a[", "a[]", "a\\", "[a-"])("refuses %s", (text) => {
    expect(() => parseIgnoreFile(text)).toThrow(expect.objectContaining({ category: "invalid" }));
  });
});
