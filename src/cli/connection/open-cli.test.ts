import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Cli } from "../cli.ts";
import { testStreams } from "../testing.ts";
import { openCli } from "./open-cli.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "test-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, content: unknown): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
}

function context(name: string, endpoint: object): string {
  const key = createHash("sha256").update(name).digest("hex");
  put(`contexts/meta/${key}/meta.json`, { Name: name, Endpoints: { docker: endpoint } });
  return key;
}

const open = (flags: Parameters<typeof openCli>[1] = {}, environment: Record<string, string> = {}): Cli =>
  openCli({ streams: testStreams(), currentFolder: "/", environment: { HOME: "/nowhere", ...environment } }, { config: folder, ...flags });

describe("the user's configuration", () => {
  it("need not be there", () => {
    expect(open().client.host).toBe("unix:///run/dhow/dhow.sock");
    expect(open({ config: join(folder, "none") }).config).toEqual({ environmentAuths: {} });
  });

  it("has a context that counts until another is named", () => {
    context("home", { Host: "unix:///home.sock" });
    context("work", { Host: "tcp://work:2375" });
    put("config.json", { currentContext: "home" });
    expect(open()).toMatchObject({ context: "home", client: { host: "unix:///home.sock" } });
    expect(open({ context: "work" })).toMatchObject({ context: "work", client: { host: "tcp://work:2375" } });
    expect(open({}, { DOCKER_CONTEXT: "work" }).context).toBe("work");
    expect(open({}, { DOCKER_HOST: "unix:///env.sock" })).toMatchObject({ context: "default", client: { host: "unix:///env.sock" } });
  });

  it.each([
    ["that is none", () => open({ context: "none" }), 'context "none": context not found'],
    ["without an endpoint", () => (context("empty", {}), open({ context: "empty" })), "names no docker endpoint"],
    ["that is damaged", () => (put(`contexts/meta/${context("bad", {})}/meta.json`, "{"), open({ context: "bad" })), "is not valid JSON"],
    [
      "that leads where nobody goes",
      () => (context("ssh", { Host: "ssh://x" }), open({ context: "ssh" })),
      "ssh:// is not implemented yet",
    ],
  ])("has a context %s", (_name, attempt, message) => {
    expect(attempt).toThrow(message);
  });

  it("may have a file that is damaged", () => {
    put("config.json", "{");
    expect(() => open()).toThrow(`${folder}/config.json is not valid JSON`);
  });

  it.each([
    ["a version that is none", {}, { DOCKER_API_VERSION: "new" }, "DOCKER_API_VERSION"],
    ["a certificate that is not there", { host: "tcp://h:1", tlsverify: true, tlscert: "/none.pem" }, {}, "unable to read a certificate"],
    ["credentials that are no JSON", {}, { DOCKER_AUTH_CONFIG: "x" }, "DOCKER_AUTH_CONFIG is not valid JSON"],
  ])("may name %s", (_name, flags, environment: Record<string, string>, message) => {
    expect(() => open(flags, environment)).toThrow(message);
  });

  it("speaks the version that it is told to", async () => {
    expect(await open({}, { DOCKER_API_VERSION: "1.41" }).client.apiVersion()).toEqual([1, 41]);
  });
});
