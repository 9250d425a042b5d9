import { expect, it } from "vitest";
import { withoutCredentials } from "./redact.ts";

it.each([
  ["https://u:SECRET@h/r.git", "https://xxxxx@h/r.git"],
  ["fatal: unable to access 'https://TOKEN@h/r.git/': x", "fatal: unable to access 'https://xxxxx@h/r.git/': x"],
  ["https://h/a@b", "https://h/a@b"],
  ["git@h:r.git", "git@h:r.git"],
])("%s", (text, expected) => {
  expect(withoutCredentials(text)).toBe(expected);
});
