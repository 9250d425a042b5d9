import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseFilters } from "#spec/filters/filters.ts";
import { parseReference } from "#spec/reference.ts";
import { digestOf, tagsOf } from "../record/image.ts";
import { LIST_FILTERS } from "./list-filters.ts";
import { configJson, dockerArchive, imageFixture, layerTar, load, type ImageFixture } from "../testing.ts";

let fixture: ImageFixture;
const [base, top] = [layerTar("base", "12345"), layerTar("top", "123")];
const made = (year: number, layers: Buffer[], labels: object = {}): Buffer =>
  configJson(layers, { created: `${year}-01-01T00:00:00Z`, config: { Labels: labels } });
const old = made(2001, [base], { a: "1", b: "2" });
const middle = made(2002, [base, top], { a: "2" });
const nameless = made(2003, []);

beforeAll(async () => {
  fixture = imageFixture();
  await load(
    fixture,
    dockerArchive(
      { layers: [base], tags: ["old:1", "reg.io/team/old:1"], config: old },
      { layers: [base, top], tags: ["middle:1"], config: middle },
      { layers: [], config: nameless },
    ),
  );
  fixture.service.images.setReference(parseReference(`nameless@sha256:${"d".repeat(64)}`), digestOf(nameless), 0);
  await load(fixture, dockerArchive({ layers: [], config: configJson([], { comment: "no date" }) }));
});
afterAll(() => fixture[Symbol.dispose]());

function list(filters: object, options: { all?: boolean; sharedSize?: boolean } = {}): ReturnType<ImageFixture["service"]["list"]> {
  const parsed = parseFilters(JSON.stringify(filters), LIST_FILTERS);
  return fixture.service.list({ all: options.all ?? false, sharedSize: options.sharedSize ?? false, filters: parsed });
}

describe("filters", () => {
  it.each<[object, string[]]>([
    [{}, ["digest", "middle:1", "old:1", "none"]],
    [{ reference: ["old"] }, ["old:1"]],
    [{ reference: ["*old*"] }, ["old:1"]],
    [{ reference: ["reg.io/*/*"] }, ["reg.io/team/old:1"]],
    [{ reference: ["docker.io/library/*:1"] }, ["middle:1", "old:1"]],
    [{ reference: ["old", "middle:*"] }, ["middle:1", "old:1"]],
    [{ label: ["a"] }, ["middle:1", "old:1"]],
    [{ label: ["a=1"] }, ["old:1"]],
    [{ label: ["a=1", "b=2"] }, ["old:1"]],
    [{ label: ["a=2", "b=2"] }, []],
    [{ before: ["middle:1"] }, ["old:1"]],
    [{ since: ["old:1"] }, ["digest", "middle:1"]],
    [{ since: ["old:1"], before: [digestOf(nameless)] }, ["middle:1"]],
    [{ until: ["2002-06-01"] }, ["middle:1", "old:1"]],
    [{ until: ["24h"] }, ["digest", "middle:1", "old:1"]],
    [{ dangling: ["true"] }, ["digest", "none"]],
    [{ dangling: ["false"] }, ["digest", "middle:1", "old:1"]],
  ])("%j", (filters, expected) => {
    const shown = list(filters).map(({ references }) => {
      const [first] = references;
      if (first === undefined) return "none";
      return first.digest === undefined
        ? `${first.domain === "docker.io" ? "" : `${first.domain}/`}${first.path.replace("library/", "")}:${first.tag}`
        : "digest";
    });
    expect(shown).toEqual(expected);
  });

  it.each<[object, string]>([
    [{ dangling: ["maybe"] }, "invalid filter 'dangling=[maybe]'"],
    [{ dangling: ["true", "false"] }, "invalid filter 'dangling"],
    [{ until: ["yesterday"] }, "invalid value for 'until' filter"],
    [{ before: ["missing"] }, "No such image: missing:latest"],
    [{ reference: ["["] }, "syntax error in pattern"],
    [{ reference: Array.from({ length: 101 }, String) }, "more than 100 patterns"],
    [{ name: ["x"] }, "invalid filter 'name'"],
  ])("refuses %j", (filters, message) => {
    expect(() => list(filters)).toThrow(message);
  });
});

it("shows all names of an image, and what it shares with others", () => {
  const [digest, newest, oldest] = list({}, { sharedSize: true });
  expect(tagsOf(oldest?.image ?? expect.fail("no image"))).toEqual(["old:1", "reg.io/team/old:1"]);
  expect([digest, newest, oldest].map((listed) => [listed?.size, listed?.sharedSize])).toEqual([
    [0, 0],
    [8, 5],
    [5, 5],
  ]);
});

it("counts containers", () => {
  fixture.users.set(digestOf(old), [
    { id: "a", running: true },
    { id: "b", running: false },
  ]);
  expect(list({ reference: ["old"] })[0]?.containers).toBe(2);
});
