import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { denyDevices, readCgroupHost } from "./cgroup.ts";

const host = readCgroupHost();
const tree = host.trees["devices"];
const isRoot = process.getuid?.() === 0;

describe.skipIf(tree === undefined || !isRoot)("devices of a v1 group", () => {
  const path = `/dhow-deny-${process.pid}`;
  const folder = `${tree}${path}`;
  const rules = (): string[] => readFileSync(`${folder}/devices.list`, "utf8").trim().split("\n");

  beforeEach(() => {
    mkdirSync(folder);
    writeFileSync(`${folder}/devices.deny`, "a");
    for (const rule of ["c *:* m", "c 1:3 rwm", "c 10:200 rwm", "c 10:229 rw"]) writeFileSync(`${folder}/devices.allow`, rule);
  });
  afterEach(() => rmdirSync(folder));

  it("are taken away, each line, and no other", async () => {
    await denyDevices(host, path, ["c 10:200 rwm", "c 10:229 rwm", "c 5:1 rwm"]);
    expect(rules()).toEqual(["c *:* m", "c 1:3 rwm"]);
  });

  it("are taken away for one access", async () => {
    await denyDevices(host, path, ["c 10:200 w"]);
    expect(rules()).toContain("c 10:200 rm");
  });

  it("are left as they are without lines", async () => {
    await denyDevices(host, path, []);
    expect(rules()).toHaveLength(4);
  });

  it("cannot be taken from a group that is not there, or by a line that is none", async () => {
    await expect(denyDevices(host, `${path}-gone`, ["c 10:200 rwm"])).rejects.toThrow(/devices\.deny/);
    expect(existsSync(`${folder}-gone`)).toBe(false);
    await expect(denyDevices(host, path, ["tun"])).rejects.toThrow("EINVAL");
  });
});

it("leaves a host alone whose devices are no v1 tree", async () => {
  const unified = { layout: "v2", unified: "/nowhere", trees: {} } as const;
  await expect(denyDevices(unified, "/x", ["c 10:200 rwm"])).resolves.toBeUndefined();
});
