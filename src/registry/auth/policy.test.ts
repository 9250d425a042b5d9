import { describe, expect, it } from "vitest";
import { parseHtpasswd } from "./htpasswd.ts";
import { parsePolicy } from "./policy.ts";

const policyFor = (...patterns: string[]) =>
  parsePolicy(JSON.stringify({ rules: [{ repositories: patterns, users: ["u"], actions: ["pull"] }] }));

describe("patterns", () => {
  it.each<[string, string, boolean]>([
    ["a", "a", true],
    ["a", "a/b", false],
    ["*", "a", true],
    ["*", "a/b", false],
    ["**", "a/b/c", true],
    ["a/*", "a/b", true],
    ["a/*", "a", false],
    ["a/*", "a/b/c", false],
    ["a/**", "a/b/c", true],
    ["a/**", "a", true],
    ["a/**", "ab/c", false],
    ["**/c", "a/b/c", true],
    ["**/c", "c", true],
    ["a/**/c", "a/c", true],
    ["a/**/c", "a/b/b/c", true],
    ["a/**/c", "a/b/b/d", false],
    ["team-*/app", "team-x/app", true],
    ["team-*/app", "team-/app", true],
    ["*-x-*", "a-x-b", true],
    ["*-x-*", "a-y-b", false],
    ["library/*", "library/x", true],
  ])("%s fits %s: %s", (pattern, name, fits) => {
    expect(policyFor(pattern).allows("u", name, "pull")).toBe(fits);
  });

  it("take no longer for a pattern that is made to", () => {
    const name = `${"a".repeat(200)}b`;
    const began = performance.now();
    expect(policyFor(`${"*a".repeat(60)}*c`).allows("u", name, "pull")).toBe(false);
    expect(policyFor(`${"**/a/".repeat(40)}c`).allows("u", "a/".repeat(100).slice(0, -1), "pull")).toBe(false);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe("a policy", () => {
  it.each([
    ["{", "not JSON"],
    ["[]", "not an object"],
    ['{"rules":[{"repositories":["a"],"users":["u"],"actions":["write"]}]}', "pull, push and delete"],
    ['{"rules":[{"repositories":["../a"],"users":["u"],"actions":["pull"],"deny":true}]}', '"deny"'],
    ['{"rules":[{"repositories":["A"],"users":["u"],"actions":["pull"]}]}', "no pattern"],
    ['{"rules":[{"repositories":"a","users":["u"],"actions":["pull"]}]}', "not a list"],
    ['{"rules":[{"repositories":["a"],"users":[""],"actions":["pull"]}]}', "not a list of texts"],
    ['{"rule":[]}', '"rule"'],
    ['{"quotas":[{"repositories":["a"],"bytes":"many"}]}', "bytes"],
    ['{"quotas":[{"repositories":["a"],"bytes":-1}]}', "bytes"],
  ])("of %s is refused", (text, message) => {
    expect(() => parsePolicy(text)).toThrow(expect.objectContaining({ category: "invalid", message: expect.stringContaining(message) }));
  });

  it("has the first quota that fits", () => {
    const policy = parsePolicy('{"quotas":[{"repositories":["a/**"],"bytes":5},{"repositories":["**"],"bytes":"2k"}]}');
    expect([policy.quotaOf("a/b"), policy.quotaOf("b")]).toEqual([5, 2048]);
  });
});

describe("an htpasswd file", () => {
  const bcrypt = "$2y$05$abcdefghijklmnopqrstuuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  it("has users and comments", () => expect([...parseHtpasswd(`# x\n\na:${bcrypt}\nb:${bcrypt}\n`).keys()]).toEqual(["a", "b"]));
  it.each(["a:$apr1$x$y", "a:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "a:plain", `:${bcrypt}`, "a", `a:${bcrypt.replace("05", "31")}`])(
    "refuses %s",
    (line) => {
      expect(() => parseHtpasswd(line)).toThrow("line 1");
    },
  );
});
