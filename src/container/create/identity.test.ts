import { expect, test } from "vitest";
import { isContainerId, newContainerId, parseContainerName } from "./identity.ts";
import { freeRandomName, randomName } from "./name-generator.ts";
import { adjectives, nouns } from "./name-words.ts";

test.each([
  ["web", "web"],
  ["/web", "web"],
  ["a.b-c_d", "a.b-c_d"],
  ["0a", "0a"],
])("the name %s is %s", (text, name) => {
  expect(parseContainerName(text)).toBe(name);
});

test.each(["x", "/x", "-ab", ".ab", "a b", "a/b", "../x", "//ab", "a\0b", "é1", "a".repeat(256), "ab\n"])(
  "the name %j is refused",
  (text) => {
    expect(() => parseContainerName(text)).toThrow(`Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  },
);

test("ids are 64 hex digits, and their first twelve never a number", () => {
  const ids = Array.from({ length: 1000 }, newContainerId);
  expect(ids.every(isContainerId)).toBe(true);
  expect(ids.filter((id) => /^\d{12}/.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(1000);
});

test("every word gives a name that is allowed, and stands once", () => {
  for (const adjective of adjectives) for (const noun of nouns.slice(0, 1)) expect(parseContainerName(`${adjective}_${noun}`)).toBeTruthy();
  expect([...adjectives, ...nouns].filter((word) => !/^[a-z]+$/.test(word))).toEqual([]);
  expect(new Set(adjectives).size).toBe(adjectives.length);
  expect(new Set(nouns).size).toBe(nouns.length);
});

test("a random name is an adjective and a noun", () => {
  expect(randomName(() => 0)).toBe(`${adjectives[0]}_${nouns[0]}`);
});

test("when names run out they get digits", () => {
  const taken = new Set<string>();
  for (let count = 0; count < 50; count += 1) {
    const name = freeRandomName(
      (candidate) => !taken.has(candidate),
      () => 1,
    );
    expect(taken.has(name)).toBe(false);
    taken.add(name);
  }
});
