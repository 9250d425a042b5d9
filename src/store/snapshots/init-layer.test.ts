import { execFileSync } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeCanary, type Canary } from "../testing/canary.ts";
import { listing } from "../testing/listing.ts";
import { guardMountPoints, makeMountPoints } from "./init-layer.ts";

let base: string;
let root: string;
let canary: Canary;
let before: unknown;
const at = (name: string): string => join(root, name);

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "dhow-init-"));
  root = join(base, "root");
  mkdirSync(root);
  canary = makeCanary(join(base, "host"));
  before = canary.look();
});

afterEach(() => {
  const after = canary.look();
  rmSync(base, { recursive: true, force: true });
  if (!isDeepStrictEqual(after, before)) throw new Error("the host's folder was touched");
});

const made = [
  ".dockerenv 755 =",
  "dev/ 755",
  "dev/console 755 =",
  "dev/mqueue/ 755",
  "dev/pts/ 755",
  "dev/shm/ 755",
  "etc/ 755",
  "etc/hostname 755 =",
  "etc/hosts 755 =",
  "etc/mtab 777 -> /proc/mounts",
  "etc/resolv.conf 755 =",
  "proc/ 755",
  "sys/ 755",
  "sys/fs/ 755",
  "sys/fs/cgroup/ 755",
];

describe("making mount points", () => {
  it("makes what Docker makes, once and again", () => {
    makeMountPoints(root);
    expect(listing(root)).toEqual(made);
    makeMountPoints(root);
    expect(listing(root)).toEqual(made);
  });

  it.each<[string, () => void]>([
    ["links to the host", () => ["dev", "proc", "sys", "etc", ".dockerenv"].forEach((name) => symlinkSync(canary.folder, at(name)))],
    ["links of dots", () => ["dev", "proc", "sys", "etc"].forEach((name) => symlinkSync("../host", at(name)))],
    ["files", () => ["dev", "proc", "sys", "etc"].forEach((name) => writeFileSync(at(name), ""))],
    ["FIFOs", () => ["dev", "proc"].forEach((name) => execFileSync("mkfifo", [at(name)]))],
    [
      "links further down",
      () => {
        mkdirSync(at("dev"));
        mkdirSync(at("etc"));
        for (const name of ["dev/pts", "dev/shm"]) symlinkSync(canary.folder, at(name));
        for (const name of ["dev/console", "etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab"])
          symlinkSync(join(canary.folder, "canary"), at(name));
      },
    ],
  ])("puts real ones in the place of %s", (_, place) => {
    place();
    makeMountPoints(root);
    expect(listing(root)).toEqual(made);
  });

  it("leaves alone what is right", () => {
    mkdirSync(at("etc"));
    chmodSync(at("etc"), 0o700);
    writeFileSync(at("etc/hosts"), "kept");
    mkdirSync(at("etc/mtab"));
    mkdirSync(at("etc/hostname"));
    makeMountPoints(root);
    expect(lstatSync(at("etc")).mode & 0o777).toBe(0o700);
    expect(readFileSync(at("etc/hosts"), "utf8")).toBe("kept");
    for (const name of ["etc/mtab", "etc/hostname"]) expect(lstatSync(at(name)).isDirectory()).toBe(true);
  });

  it("takes little time", () => {
    makeMountPoints(root);
    const start = performance.now();
    for (let round = 0; round < 20; round++) makeMountPoints(root);
    expect((performance.now() - start) / 20).toBeLessThan(200);
  });
});

describe("guarding them", () => {
  it("changes nothing when they are there", () => {
    for (const name of ["dev", "proc", "sys"]) mkdirSync(at(name));
    guardMountPoints(root);
    expect(listing(root)).toEqual(["dev/ 755", "proc/ 755", "sys/ 755"]);
  });

  it.each(["dev", "proc", "sys"])("puts /%s back", (name) => {
    makeMountPoints(root);
    rmSync(at(name), { recursive: true });
    symlinkSync(canary.folder, at(name));
    guardMountPoints(root);
    expect(listing(root)).toEqual(made);
  });
});
