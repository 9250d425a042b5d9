import { describe, expect, it } from "vitest";
import { gitSource, isHttpSource } from "./git-source.ts";

const nothing = { ref: undefined, subdirectory: undefined, checksum: undefined, submodules: true, keepGitDir: undefined };
const remote = "https://example.com/owner/repository.git";
const commit = "0123456789abcdef0123456789abcdef01234567";

describe("gitSource", () => {
  it.each([
    [remote, { remote }],
    [`${remote}#main`, { remote, ref: "main" }],
    [`${remote}#main:sub/folder`, { remote, ref: "main", subdirectory: "sub/folder" }],
    [`${remote}#:./sub//folder/`, { remote, subdirectory: "sub/folder" }],
    [`${remote}?tag=v1&subdir=a`, { remote, ref: "refs/tags/v1", subdirectory: "a" }],
    [`${remote}?branch=dev`, { remote, ref: "refs/heads/dev" }],
    [`${remote}?ref=v1&commit=${commit}#v1`, { remote, ref: "v1", checksum: commit }],
    [`${remote}?keep-git-dir&submodules=false`, { remote, keepGitDir: true, submodules: false }],
    ["git@example.com:owner/repository.git#v2", { remote: "git@example.com:owner/repository.git", ref: "v2" }],
    ["ssh://git@example.com:22/r#main", { remote: "ssh://git@example.com:22/r", ref: "main" }],
    ["git://example.com/r", { remote: "git://example.com/r" }],
  ])("reads %s", (source, expected) => {
    expect(gitSource(source)).toEqual({ ...nothing, ...expected });
    expect(isHttpSource(source)).toBe(false);
  });

  it.each([
    "a/b.git",
    "./r.git",
    "https://example.com/archive.tar.gz",
    "https://example.com/r.git/raw/file",
    "file:///etc",
    "ext::sh -c id",
  ])("leaves %s to others", (source) => {
    expect(gitSource(source)).toBeUndefined();
    expect(isHttpSource(source)).toBe(source.startsWith("https:"));
  });

  it.each([
    [`${remote}#--upload-pack=touch`, "invalid git ref"],
    [`${remote}#-x`, "invalid git ref"],
    [`${remote}#a..b`, "invalid git ref"],
    [`${remote}#a b`, "invalid git ref"],
    [`${remote}#main:../../etc`, "leads out of the repository"],
    [`${remote}?subdir=a/../../b`, "leads out of the repository"],
    [`${remote}?ref=a#b`, "ref conflicts"],
    [`${remote}?tag=a&branch=b`, "branch conflicts with tag"],
    [`${remote}?commit=--exec`, "invalid git checksum"],
    [`${remote}?upload-pack=x`, "unexpected query"],
    [`${remote}?ref=`, "has no value"],
    [`${remote}?ref=a&ref=b`, "multiple values"],
    [`${remote}?submodules=maybe`, "invalid submodules value"],
  ])("refuses %s", (source, message) => {
    expect(() => gitSource(source)).toThrow(expect.objectContaining({ name: "Refusal", message: expect.stringContaining(message) }));
  });
});
