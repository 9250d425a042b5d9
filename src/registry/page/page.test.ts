import { afterAll, beforeAll, expect, it } from "vitest";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { digestOf } from "../protocol/digest.ts";
import { imageManifest, ServedRegistry } from "../testing.ts";

let registry: ServedRegistry;
beforeAll(async () => {
  registry = await ServedRegistry.start();
});
afterAll(async () => registry[Symbol.asyncDispose]());

const page = async (path: string): Promise<string> => (await registry.fetch(path)).text();

it("says how to begin when nothing is there", async () => {
  expect(await page("/")).toContain(`docker push ${registry.host}/NAME:TAG`);
});

it("shows repositories, tags, platforms and sizes, and needs no script", async () => {
  const { digest, manifest } = await registry.pushImage("team/app", "v1", ["a layer"]);
  const entry = (architecture: string) => ({
    mediaType: mediaTypes.ociManifest,
    digest,
    size: JSON.stringify(manifest).length,
    platform: { os: "linux", architecture },
  });
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry("arm64"), entry("s390x")] };
  await registry.pushManifest("team/app", "all", index);
  expect(await page("/")).toMatch(/<a href="\/repositories\/team\/app">team\/app<\/a>[^]*?>2</);
  const text = await page("/repositories/team/app");
  for (const part of ["linux/amd64", "linux/arm64, linux/s390x", digest.slice(0, 19), `docker pull ${registry.host}/team/app:`]) {
    expect(text).toContain(part);
  }
  expect(text).not.toMatch(/<script|javascript:|\son\w+=/i);
});

it("shows what a stranger has written as text, whatever it is", async () => {
  const evil = `<script>alert("x")</script>`;
  const config = Buffer.from(JSON.stringify({ architecture: evil, os: "<b>", created: `2026-01-01${evil}` }));
  await registry.pushBlob("evil", config);
  await registry.pushManifest("evil", "v1", imageManifest(config, []));
  const text = await page("/repositories/evil");
  expect(text).toContain("&lt;b&gt;/&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;");
  expect(text).not.toContain("<script>");
  expect(text).not.toContain("<b>");
});

it.each(["not json", "[]", "null", '{"architecture":5,"os":{}}'])("shows an image whose configuration is %s", async (config) => {
  await registry.pushBlob("odd", Buffer.from(config));
  await registry.pushManifest("odd", "v1", imageManifest(Buffer.from(config), []));
  expect(await page("/repositories/odd")).toContain(
    digestOf(Buffer.from(JSON.stringify(imageManifest(Buffer.from(config), [])))).slice(0, 19),
  );
});

it("lets a browser load its own style and nothing else", async () => {
  for (const path of ["/", "/repositories/none", "/style.css"]) {
    const { headers } = await registry.fetch(path);
    expect(headers.get("content-security-policy")).toContain("default-src 'none'; style-src 'self'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  }
  const missing = await registry.fetch("/repositories/none");
  expect([missing.status, missing.headers.get("content-type")]).toEqual([404, "text/html; charset=utf-8"]);
});

it("shows more than a page by a link", async () => {
  for (let at = 0; at < 101; at++) {
    const answer = await registry.fetch(`/v2/many/${at}/blobs/uploads/?mount=${digestOf(Buffer.from("a layer"))}&from=team/app`, {
      method: "POST",
    });
    expect(answer.status).toBe(201);
  }
  const next = /<a rel="next" href="([^"]+)"/.exec(await page("/"))?.[1] ?? "";
  expect(next).toMatch(/^\/\?last=/);
  expect(await page(next.replaceAll("&amp;", "&"))).toContain("team/app");
});
