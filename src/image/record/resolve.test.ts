import { afterAll, beforeAll, expect, it } from "vitest";
import { parseReference } from "#spec/reference.ts";
import { digestOf } from "./image.ts";
import { configJson, dockerArchive, imageFixture, layerTar, load, type ImageFixture } from "../testing.ts";

let fixture: ImageFixture;
const base = layerTar("base");
const id = digestOf(configJson([base]));
const digest = `sha256:${"d".repeat(64)}`;
beforeAll(async () => {
  fixture = imageFixture();
  await load(fixture, dockerArchive({ layers: [base], tags: ["app:v1", "app:latest", `${id.slice(7, 11)}:latest`] }));
  fixture.service.images.setReference(parseReference(`app@${digest}`), id, 0);
});
afterAll(() => fixture[Symbol.dispose]());

it.each([
  "app:v1",
  "app",
  "docker.io/library/app:v1",
  `app@${digest}`,
  `app:v7@${digest}`,
  id,
  id.slice("sha256:".length),
  id.slice(0, 20),
  id.slice("sha256:".length, 19),
])("finds it by %s", async (name) => {
  const resolved = await fixture.service.resolve(name);
  expect(resolved).toMatchObject({ id, topLayer: digestOf(base), manifest: undefined });
});

it("takes a name before the start of an id", async () => {
  expect((await fixture.service.resolve(id.slice(7, 11))).id).toBe(id);
});

it.each([
  ["other", "not-found", "No such image: other:latest"],
  ["reg.io/other:v1", "not-found", "No such image: reg.io/other:v1"],
  ["app:v2", "not-found", "No such image: app:v2"],
  [`other@${digest}`, "not-found", `No such image: other@${digest}`],
  [`app@sha256:${"e".repeat(64)}`, "not-found", `No such image: app@sha256:${"e".repeat(64)}`],
  ["f".repeat(64), "not-found", `No such image: sha256:${"f".repeat(64)}`],
  ["", "invalid", "invalid reference format"],
  ["../../etc", "invalid", "invalid reference format"],
  ["sha256:../x", "invalid", "invalid reference format"],
  ["App", "invalid", "invalid reference format: repository name (library/App) must be lowercase"],
])("of %j says %s", async (name, category, message) => {
  await expect(fixture.service.resolve(name)).rejects.toThrow(expect.objectContaining({ category, message }));
});

it("minds the platform when one is asked for", async () => {
  expect((await fixture.service.resolve("app", "linux/amd64")).id).toBe(id);
  await expect(fixture.service.resolve("app", "linux/arm64")).rejects.toThrow(
    "image with reference app was found but its platform (linux/amd64) does not match",
  );
});

it("finds nothing by the start of two ids", async () => {
  const other = imageFixture();
  // Two images whose ids begin alike are found by trying.
  const ids = new Map<string, string>();
  for (let count = 0; ; count++) {
    const config = configJson([], { comment: String(count) });
    const start = digestOf(config).slice(7, 9);
    const before = ids.get(start);
    await load(other, dockerArchive({ layers: [], config }));
    if (before !== undefined) {
      await expect(other.service.resolve(start)).rejects.toThrow(`No such image: ${start}:latest`);
      break;
    }
    ids.set(start, digestOf(config));
  }
  other[Symbol.dispose]();
});
