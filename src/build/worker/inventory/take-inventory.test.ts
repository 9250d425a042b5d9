import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { takeInventory } from "./take-inventory.ts";

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), "inventory-"))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, content: string | Buffer | object, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), typeof content === "string" || Buffer.isBuffer(content) ? content : JSON.stringify(content), { mode });
}

const take = () => takeInventory(root, () => undefined);
const found = () => take().packages.map(({ kind, name, version, foundIn }) => `${kind} ${name} ${version} ${foundIn}`);

describe("an inventory", () => {
  it("has what dpkg has installed, and nothing that was removed", () => {
    put("etc/os-release", `PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_ID="12"\n`);
    put(
      "var/lib/dpkg/status",
      [
        "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc (2.36-9)\nVersion: 2.36-9+deb12u9\nDescription: GNU\n words\n .\n more: not a field",
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1",
        "Package: half\nStatus: install ok half-installed\nVersion: 1",
        "Status: install ok installed\nVersion: 1",
      ].join("\n\n"),
    );
    put("var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12\nArchitecture: all\n");
    put("var/lib/dpkg/status.d/base.md5sums", "Package: none\nVersion: 1\n");
    expect(take()).toEqual({
      system: { id: "debian", version: "12" },
      packages: [
        { kind: "deb", name: "base-files", version: "12", architecture: "all", foundIn: "var/lib/dpkg/status.d/base" },
        { kind: "deb", name: "libc6", version: "2.36-9+deb12u9", architecture: "amd64", source: "glibc", foundIn: "var/lib/dpkg/status" },
      ],
    });
  });

  it("has what apk has installed", () => {
    put("usr/lib/os-release", "ID=alpine\nVERSION_ID=3.20.1\n");
    put(
      "lib/apk/db/installed",
      "C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\no:musl\nF:lib\n\nP:libcrypto3\nV:3.3.1-r0\nA:x86_64\nL:Apache-2.0\no:openssl\n\n",
    );
    expect(take()).toMatchObject({
      system: { id: "alpine", version: "3.20.1" },
      packages: [
        { kind: "apk", name: "libcrypto3", source: "openssl", license: "Apache-2.0" },
        { kind: "apk", name: "musl", version: "1.2.5-r0", source: undefined },
      ],
    });
  });

  it("has packages of npm, from where they are, or from a lock file where they are not", () => {
    put("app/node_modules/left/package.json", { name: "left", version: "1.0.0", license: "ISC" });
    put("app/node_modules/@scope/right/package.json", { name: "@scope/right", version: "2.0.0" });
    put("app/node_modules/left/lib/package.json", { name: "part", version: "9.9.9", type: "module" });
    put("app/package-lock.json", { lockfileVersion: 3, packages: { "node_modules/wanted": { version: "3.0.0" } } });
    put("bundled/package-lock.json", {
      lockfileVersion: 3,
      packages: {
        "": { name: "app", version: "1.0.0" },
        "node_modules/a/node_modules/@s/b": { version: "4.0.0" },
        "lib/own": { link: true },
      },
    });
    put("old/package-lock.json", {
      lockfileVersion: 1,
      dependencies: { c: { version: "5.0.0", dependencies: { d: { version: "6.0.0" } } } },
    });
    put("broken/node_modules/x/package.json", "{");
    expect(found()).toEqual([
      "npm @s/b 4.0.0 bundled/package-lock.json",
      "npm @scope/right 2.0.0 app/node_modules/@scope/right/package.json",
      "npm c 5.0.0 old/package-lock.json",
      "npm d 6.0.0 old/package-lock.json",
      "npm left 1.0.0 app/node_modules/left/package.json",
    ]);
  });

  it("has packages of Python, each once", () => {
    const metadata = "Metadata-Version: 2.1\nName: Flask\nVersion: 3.0.0\nLicense: BSD-3-Clause\n\nVersion: 9 is in the description\n";
    put("usr/lib/python3/dist-packages/flask-3.0.0.dist-info/METADATA", metadata);
    put("opt/venv/lib/python3.11/site-packages/flask-3.0.0.dist-info/METADATA", metadata);
    put("usr/lib/python3/dist-packages/six-1.16.0.egg-info", "Metadata-Version: 1.2\nName: six\nVersion: 1.16.0\n");
    expect(found()).toEqual([
      "pypi Flask 3.0.0 opt/venv/lib/python3.11/site-packages/flask-3.0.0.dist-info/METADATA",
      "pypi six 1.16.0 usr/lib/python3/dist-packages/six-1.16.0.egg-info",
    ]);
  });

  it("has the modules that a program of Go was built of", () => {
    put(
      "usr/local/bin/server",
      goProgram(
        "go1.22.1",
        "path\tx\nmod\texample.com/x\t(devel)\ndep\tgolang.org/x/net\tv0.20.0\th1:=\ndep\tother.io/y\tv1.0.0\n=>\tfork.io/y\tv1.0.1\th1:=\nbuild\t-compiler=gc\n",
      ),
      0o755,
    );
    put("usr/local/bin/short", goProgram("go1.22.1", "").subarray(0, 70), 0o755);
    expect(found()).toEqual([
      "golang fork.io/y v1.0.1 usr/local/bin/server",
      "golang golang.org/x/net v0.20.0 usr/local/bin/server",
      "golang stdlib 1.22.1 usr/local/bin/server",
    ]);
  });

  it("follows no link, opens no pipe, and takes no word that is none", () => {
    const outside = mkdtempSync(join(tmpdir(), "canary-"));
    try {
      writeFileSync(join(outside, "status"), "Package: canary\nStatus: install ok installed\nVersion: 1\n");
      writeFileSync(join(outside, "package.json"), JSON.stringify({ name: "canary", version: "1" }));
      mkdirSync(join(root, "var/lib/dpkg"), { recursive: true });
      symlinkSync(join(outside, "status"), join(root, "var/lib/dpkg/status"));
      mkdirSync(join(root, "node_modules"));
      symlinkSync(outside, join(root, "node_modules/canary"));
      mkdirSync(join(root, "lib/apk/db"), { recursive: true });
      execFileSync("mkfifo", [join(root, "lib/apk/db/installed")]);
      symlinkSync("/", join(root, "everything"));
      put("node_modules/bad/package.json", { name: "bad\u001b[2J", version: "1" });
      put("node_modules/long/package.json", { name: "x".repeat(300), version: "1" });
      put("node_modules/shape/package.json", { name: ["a"], version: {} });
      expect(take()).toEqual({ system: undefined, packages: [] });
    } finally {
      rmSync(outside, { recursive: true });
    }
  });

  it("is not made of a tree beyond all measure, nor after its build was given up", () => {
    mkdirSync(join(root, "d/".repeat(210)), { recursive: true });
    expect(take).toThrow("nested deeper than 200");
    expect(() =>
      takeInventory(root, () => {
        throw new Error("given up");
      }),
    ).toThrow("given up");
  });
});

/** The least ELF file that Go's own reader would find the text in. */
function goProgram(version: string, modules: string): Buffer {
  const varint = (value: number): Buffer => Buffer.from(value < 0x80 ? [value] : [(value & 0x7f) | 0x80, value >> 7]);
  const text = (value: string): Buffer => Buffer.concat([varint(value.length), Buffer.from(value)]);
  const head = Buffer.alloc(32);
  head.write("\xff Go buildinf:", 0, "latin1");
  head.set([8, 2], 14);
  const info = Buffer.concat([head, text(version), text(`${"<".repeat(16)}${modules}${">".repeat(16)}`)]);
  const names = Buffer.from("\0.go.buildinfo\0");
  const header = Buffer.alloc(64);
  header.write("\x7fELF\x02\x01", 0, "latin1");
  const [namesAt, infoAt] = [64, 64 + names.length];
  const tableAt = infoAt + info.length;
  header.writeBigUInt64LE(BigInt(tableAt), 0x28);
  header.writeUInt16LE(64, 0x3a);
  header.writeUInt16LE(2, 0x3c);
  const section = (name: number, offset: number): Buffer => {
    const entry = Buffer.alloc(64);
    entry.writeUInt32LE(name, 0);
    entry.writeBigUInt64LE(BigInt(offset), 0x18);
    return entry;
  };
  return Buffer.concat([header, names, info, section(0, namesAt), section(1, infoAt)]);
}
