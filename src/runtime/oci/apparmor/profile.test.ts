import { expect, it, test } from "vitest";
import { profileFor, profileText } from "./profile.ts";

test("the text of the profile", async () => {
  await expect(profileText()).toMatchFileSnapshot("profile.golden");
});

it.each<[asked: string | undefined, privileged: boolean, usual: string | undefined, expected: string | undefined]>([
  [undefined, false, "dhow-default", "dhow-default"],
  [undefined, true, "dhow-default", "unconfined"],
  [undefined, false, undefined, undefined],
  [undefined, true, undefined, undefined],
  ["unconfined", false, "dhow-default", "unconfined"],
  ["mine", true, "dhow-default", "mine"],
  ["docker-default", false, "dhow-default", "dhow-default"],
  ["docker-default", false, undefined, "docker-default"],
])("apparmor=%s, privileged: %s, where %s is loaded: %s", (asked, privileged, usual, expected) => {
  expect(profileFor(asked, privileged, usual)).toBe(expected);
});
