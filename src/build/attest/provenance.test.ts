import { expect, it } from "vitest";
import type { Digest } from "#spec/digest.ts";
import type { Operation } from "../plan/plan.ts";
import { provenance, type FinishedBuild } from "./provenance.ts";

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const platform = { os: "linux", architecture: "amd64", variant: undefined };
const SECRET = "hunter2";

const operations: readonly Operation[] = [
  { kind: "image", reference: "debian:12", id: digest("a"), platform },
  { kind: "image", reference: "team/own", id: digest("b"), platform },
  { kind: "http", url: `https://user:${SECRET}@host/file.tgz`, fileName: "file.tgz", checksum: undefined },
  {
    kind: "git",
    remote: `https://${SECRET}@host/r.git`,
    ref: "main",
    subdirectory: undefined,
    keepGitDir: false,
    checksum: undefined,
    submodules: true,
  },
];

const build: FinishedBuild = {
  input: {
    source: { kind: "remote", url: `https://x:${SECRET}@host/context.git#main` },
    target: "final",
    buildArgs: { TOKEN: SECRET, EMPTY: null },
    labels: { of: "x" },
    secrets: new Map([["npmrc", Buffer.from(SECRET)]]),
    noCache: false,
    pull: true,
    squash: false,
    cacheFrom: [],
    hostConfig: { NetworkMode: "none" },
    allow: [],
  },
  dockerfile: { name: "Dockerfile", bytes: Buffer.from(`FROM debian:12\nADD https://user:${SECRET}@host/file.tgz /\n`) },
  platform,
  plan: {
    steps: operations.map((operation) => ({
      digest: digest("0"),
      operation,
      inputs: [],
      range: { first: 1, last: 1 },
      title: `ADD ${SECRET}`,
    })),
  },
  results: new Map([
    [2, { kind: "folder", folder: "/x", digest: `${digest("c")} file.tgz` }],
    [3, { kind: "folder", folder: "/x", digest: JSON.stringify(["d".repeat(40), "", false, true]) }],
  ]),
  manifestOf: (id) => (id === digest("a") ? digest("e") : undefined),
  invocation: "1-2-3",
  started: new Date(0),
  finished: new Date(1000),
};

it("names what went in, each by its content", () => {
  expect(provenance(build, "min")).toMatchObject({
    buildDefinition: {
      externalParameters: { target: "final", buildArgNames: ["EMPTY", "TOKEN"], labelNames: ["of"], secretIds: ["npmrc"], network: "none" },
      resolvedDependencies: [
        { uri: "pkg:docker/debian@12?platform=linux%2Famd64", digest: { sha256: "e".repeat(64) }, annotations: { digestOf: "manifest" } },
        {
          uri: "pkg:docker/team/own@latest?platform=linux%2Famd64",
          digest: { sha256: "b".repeat(64) },
          annotations: { digestOf: "image id" },
        },
        { uri: "https://xxxxx@host/file.tgz", digest: { sha256: "c".repeat(64) } },
        { uri: "git+https://xxxxx@host/r.git@main", digest: { gitCommit: "d".repeat(40) } },
      ],
    },
    runDetails: { metadata: { invocationId: "1-2-3", startedOn: "1970-01-01T00:00:00.000Z", finishedOn: "1970-01-01T00:00:01.000Z" } },
  });
});

it.each(["min", "max"] as const)("CVE-2023-26054: has no secret, no argument's value and no credentials in it (mode=%s)", (mode) => {
  const text = JSON.stringify(provenance(build, mode));
  const decoded = [...text.matchAll(/"content":"([^"]*)"/g)].map(([, content = ""]) => Buffer.from(content, "base64").toString());
  expect(decoded).toHaveLength(mode === "max" ? 2 : 0);
  expect(text + decoded.join("")).not.toContain(SECRET);
});
