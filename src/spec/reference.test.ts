import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  canonicalString,
  familiarName,
  familiarString,
  parseImageName,
  parseReference,
  withDefaultTag,
  withDigest,
  withTag,
} from "./reference.ts";

const HEX = "a".repeat(64);
const DIGEST = `sha256:${HEX}` as const;

describe("parseReference", () => {
  it.each([
    ["ubuntu", "docker.io/library/ubuntu"],
    ["ubuntu:22.04", "docker.io/library/ubuntu:22.04"],
    ["library/ubuntu", "docker.io/library/ubuntu"],
    ["docker.io/ubuntu", "docker.io/library/ubuntu"],
    ["index.docker.io/ubuntu:x", "docker.io/library/ubuntu:x"],
    ["team/app", "docker.io/team/app"],
    ["localhost/app", "localhost/app"],
    ["localhost:5000/app:v1", "localhost:5000/app:v1"],
    ["localhost:5000", "docker.io/library/localhost:5000"],
    ["reg.example.com/a/b/c", "reg.example.com/a/b/c"],
    ["reg/a/b", "docker.io/reg/a/b"],
    ["Reg/app", "Reg/app"],
    ["[::1]:5000/app", "[::1]:5000/app"],
    [`a/b:t@${DIGEST}`, `docker.io/a/b:t@${DIGEST}`],
    [`a@${DIGEST}`, `docker.io/library/a@${DIGEST}`],
    ["a__b/c---d.e", "docker.io/a__b/c---d.e"],
    ["x:_", "docker.io/library/x:_"],
  ])("%s is %s", (text, full) => {
    expect(canonicalString(parseReference(text))).toBe(full);
  });

  it.each([
    ["", "invalid reference format"],
    [":tag", "invalid reference format"],
    ["a b", "invalid reference format"],
    ["a//b", "invalid reference format"],
    ["../a", "invalid reference format"],
    ["a/../b", "invalid reference format"],
    ["-a", "invalid reference format"],
    ["a-", "invalid reference format"],
    ["a___b", "invalid reference format"],
    ["a:-x", "invalid reference format"],
    ["a:b:c", "invalid reference format"],
    [`a:${"t".repeat(129)}`, "invalid reference format"],
    ["a\0b", "invalid reference format"],
    ["a\n", "invalid reference format"],
    ["https://reg.example.com/x", "invalid reference format"],
    ["reg_x.io/a", "invalid reference format"],
    ["a".repeat(5000), "invalid reference format"],
    ["Foo", "invalid reference format: repository name (library/Foo) must be lowercase"],
    ["reg.io/Foo", "invalid reference format: repository name (Foo) must be lowercase"],
    [HEX, `invalid repository name (${HEX}), cannot specify 64-byte hexadecimal strings`],
    ["a".repeat(256), "repository name must not be more than 255 characters"],
    [`a@sha512:${HEX}${HEX}`, "unsupported digest algorithm"],
    [`a@md5:${"a".repeat(32)}`, "unsupported digest algorithm"],
    [`a@sha256:${"a".repeat(63)}`, "invalid checksum digest length"],
  ])("%j is refused: %s", (text, message) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ category: "invalid", message }));
  });

  const component = fc.stringMatching(/^[a-z0-9]+(?:(?:[._]|__|-{1,3})[a-z0-9]+){0,2}$/, { size: "small" });
  const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const domain = fc.constantFrom("docker.io", "localhost", "localhost:5000", "reg.example.com", "10.0.0.1:80", "[::1]:5000");
  const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/), { nil: undefined });
  const digest = fc.option(
    fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}` as const),
    { nil: undefined },
  );

  it("finds its own full and familiar forms again", () => {
    fc.assert(
      fc.property(domain, path, tag, digest, (where, what, tagged, digested) => {
        fc.pre(what.length <= 200);
        const full = `${where}/${what}${tagged === undefined ? "" : `:${tagged}`}${digested === undefined ? "" : `@${digested}`}`;
        const parsed = parseReference(full);
        expect(parseReference(canonicalString(parsed))).toEqual(parsed);
        // Docker's own ambiguities: 64 hex digits are an id, and `docker.io/a.b/c` loses its domain to `a.b`.
        fc.pre(!/^[0-9a-f]{64}$/.test(familiarString(parsed)));
        fc.pre(where !== "docker.io" || !/^(?:localhost|[^/]*\.[^/]*)\//.test(what));
        expect(parseReference(familiarString(parsed))).toEqual(parsed);
      }),
    );
  });

  it("throws nothing but an EngineError, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...Array.from("aA0.:/@-_[]~")) })), (text) => {
        try {
          const parsed = parseReference(text);
          expect(parsed.path).toMatch(/^[a-z0-9][a-z0-9._/-]*$/);
          expect(`/${parsed.path}/`).not.toContain("/../");
        } catch (error) {
          expect(error).toHaveProperty("category", "invalid");
        }
      }),
    );
  });
});

describe("the parts", () => {
  it("gives the familiar form", () => {
    expect(familiarName(parseReference("docker.io/library/ubuntu:x"))).toBe("ubuntu");
    expect(familiarString(parseReference("docker.io/library/a/b"))).toBe("library/a/b");
    expect(familiarString(parseReference("localhost:5000/library/a:1"))).toBe("localhost:5000/library/a:1");
  });

  it("adds a tag and a digest", () => {
    const plain = parseReference("a");
    expect(familiarString(withDefaultTag(plain))).toBe("a:latest");
    expect(familiarString(withDefaultTag(withDigest(plain, DIGEST)))).toBe(`a@${DIGEST}`);
    expect(familiarString(withDigest(withTag(plain, "v1"), DIGEST))).toBe(`a@${DIGEST}`);
    expect(() => withTag(plain, "../x")).toThrow("invalid tag format");
  });

  it("tells an id from a reference", () => {
    expect(parseImageName(HEX)).toEqual({ kind: "id", id: DIGEST });
    expect(parseImageName(DIGEST)).toEqual({ kind: "id", id: DIGEST });
    expect(parseImageName("abcdef123456").kind).toBe("reference");
  });
});
