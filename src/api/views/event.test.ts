import { expect, test } from "vitest";
import type { EngineEvent } from "#events/contract.ts";
import { eventLine } from "./event.ts";

const die: EngineEvent = {
  type: "container",
  action: "die",
  id: "abc",
  attributes: { exitCode: "3", image: "busybox", name: "x" },
  timeNano: 1_700_000_000_123_456_789n,
};

test("a container's event for an old client", () => {
  expect(eventLine(die, [1, 51])).toBe(
    '{"status":"die","id":"abc","from":"busybox","Type":"container","Action":"die",' +
      '"Actor":{"ID":"abc","Attributes":{"exitCode":"3","image":"busybox","name":"x"}},"scope":"local","time":1700000000,"timeNano":1700000000123456789}\n',
  );
});

test.each<[EngineEvent, readonly [number, number], string[]]>([
  [die, [1, 52], ["Type", "Action", "Actor", "scope", "time", "timeNano"]],
  [{ ...die, type: "image" }, [1, 24], ["status", "id", "Type", "Action", "Actor", "scope", "time", "timeNano"]],
  [{ ...die, type: "network" }, [1, 24], ["Type", "Action", "Actor", "scope", "time", "timeNano"]],
])("fields of %o for %j", (event, version, fields) => {
  expect(Object.keys(JSON.parse(eventLine(event, version)) as object)).toEqual(fields);
});

test("a container without an image's name still has the old field", () => {
  expect(eventLine({ ...die, attributes: {} }, [1, 40])).toContain('"from":""');
});
