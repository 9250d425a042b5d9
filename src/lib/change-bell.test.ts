import { expect, it } from "vitest";
import { ChangeBell } from "./change-bell.ts";

it("answers at once, after a ring, or not at all", async () => {
  const bell = new ChangeBell();
  const stop = new AbortController();
  expect(await bell.until(() => "now", stop.signal)).toBe("now");
  let value: string | undefined;
  const waiting = bell.until(() => value, stop.signal);
  bell.ring();
  value = "later";
  bell.ring();
  expect(await waiting).toBe("later");
  value = undefined;
  const called = bell.until(() => value, stop.signal);
  stop.abort();
  expect(await called).toBeUndefined();
  value = "too late";
  bell.ring(); // Nobody listens any more.
});
