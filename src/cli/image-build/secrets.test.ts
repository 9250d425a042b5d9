import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readSecrets } from "./secrets.ts";

const folder = mkdtempSync(join(tmpdir(), "dhow-secrets-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "file"), "of the file\n");
writeFileSync(join(folder, "both"), "of the file too");
writeFileSync(join(folder, "large"), Buffer.alloc(500 * 1024 + 1));
const sources = { currentFolder: folder, environment: { VARIABLE: "of the variable", both: "of the environment" } };

it.each([
  ["id=a,src=file", "a", "of the file\n"],
  ["id=a,source=file", "a", "of the file\n"],
  ["type=file,id=a,src=file", "a", "of the file\n"],
  ["src=file", "file", "of the file\n"],
  ["id=a,env=VARIABLE", "a", "of the variable"],
  ["id=a,type=env,src=VARIABLE", "a", "of the variable"],
  ["id=VARIABLE", "VARIABLE", "of the variable"],
  ["id=both", "both", "of the environment"],
  ["id=file", "file", "of the file\n"],
])("reads %s", (text, id, value) => {
  expect([...readSecrets([text], sources)].map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual([[id, value]]);
});

it.each([
  ["id=a,env=NONE", "the environment has no NONE"],
  ["id=a,src=none", "secret a: ENOENT"],
  ["id=a,sorce=x", "unexpected key 'sorce'"],
  ["a", "unexpected key 'a'"],
  ["id=,env=", "needs an id"],
  ["id=a,type=ssh", "unsupported secret type"],
  ["id=a,src=large", "larger than"],
])("refuses %s", (text, message) => {
  expect(() => readSecrets([text], sources)).toThrow(message);
});
