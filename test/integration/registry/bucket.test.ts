/** `dhow registry serve --storage` as a process, against a store that checks its signatures. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { digestOf } from "#registry/protocol/digest.ts";
import { launched } from "../../support/build.ts";
import { FakeS3 } from "../../support/fake-s3.ts";
import { eventually } from "../../support/eventually.ts";

const dhow = fileURLToPath(new URL("../../../bin/dhow", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "dhow-registry-bucket-"));
let store: FakeS3;
const children = new Set<ChildProcess>();
beforeAll(async () => {
  store = await FakeS3.start({ bucket: "images" });
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

interface Run {
  readonly said: { output: string; errors: string };
  readonly ended: Promise<number | null>;
  readonly child: ChildProcess;
}

/** With the variables that are given and no others: nothing of this machine's is found. */
function run(words: readonly string[], environment: Record<string, string> = store.environment): Run {
  const own = { PATH: process.env["PATH"] ?? "", HOME: root, AWS_EC2_METADATA_DISABLED: "true", ...launched, ...environment };
  const child = spawn(dhow, ["registry", ...words, "--data-root", join(root, "data"), "--s3-endpoint", store.endpoint.href], { env: own });
  children.add(child);
  const said = { output: "", errors: "" };
  child.stdout.on("data", (data: Buffer) => (said.output += data.toString()));
  child.stderr.on("data", (data: Buffer) => (said.errors += data.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { said, ended, child };
}

async function serve(): Promise<{ origin: string; running: Run }> {
  const running = run(["serve", "--addr", "127.0.0.1:0", "--storage", "s3://images/team"]);
  await eventually(() => expect(running.said.output, running.said.errors).toMatch(/Registry on \S+\n/));
  return { origin: /Registry on (\S+)\n/.exec(running.said.output)?.[1] ?? "", running };
}

it("serves from a bucket, and what it was given is there for the next process", async () => {
  const first = await serve();
  const bytes = Buffer.from("what is kept");
  const location = (await fetch(`${first.origin}/v2/a/blobs/uploads/`, { method: "POST" })).headers.get("location") ?? "";
  await fetch(first.origin + location, { method: "PATCH", body: new Uint8Array(bytes.subarray(0, 4)) });
  first.running.child.kill("SIGKILL");
  await first.running.ended;

  const second = await serve();
  await fetch(second.origin + location, { method: "PATCH", body: new Uint8Array(bytes.subarray(4)) });
  expect((await fetch(`${second.origin}${location}?digest=${digestOf(bytes)}`, { method: "PUT" })).status).toBe(201);
  expect(await (await fetch(`${second.origin}/v2/a/blobs/${digestOf(bytes)}`)).text()).toBe("what is kept");
  second.running.child.kill("SIGTERM");
  expect(await second.running.ended).toBe(0);
  expect([...store.objects.keys()].every((key) => key.startsWith("team/"))).toBe(true);
  expect(first.running.said.errors + second.running.said.errors).not.toContain(store.secretAccessKey);

  const collected = run(["gc", "--gc-grace", "0s", "--storage", "s3://images/team"]);
  await eventually(() =>
    expect(collected.said.output, collected.said.errors).toMatch(
      /^Removed 0 manifests, \d blobs from repositories, and \d blobs \(\d+ bytes\) from the bucket\n$/,
    ),
  );
});

it("says what is the matter with a bucket, and with its flags", async () => {
  const serving = ["serve", "--addr", "127.0.0.1:0"];
  const failing: [readonly string[], Record<string, string>, string][] = [
    [[...serving, "--storage", "s3://other"], store.environment, "dhow: the bucket other cannot be used: there is none of that name\n"],
    [
      [...serving, "--storage", "s3://images"],
      { ...store.environment, AWS_SECRET_ACCESS_KEY: "wrong" },
      "dhow: the bucket images cannot be used: these credentials may not use it, or are wrong\n",
    ],
    [
      [...serving, "--storage", "s3://images"],
      { AWS_REGION: "us-east-1" },
      "dhow: the bucket images cannot be used: no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE\n",
    ],
    [[...serving, "--storage", "/folder"], {}, 'dhow: --storage "/folder" is not s3://BUCKET or s3://BUCKET/PREFIX\n'],
    [serving, {}, "dhow: the --s3-… flags belong to --storage s3://BUCKET\n"],
  ];
  for (const [words, environment, message] of failing) {
    const { said, ended } = run(words, environment);
    expect([await ended, said.errors]).toEqual([1, message]);
  }
});
