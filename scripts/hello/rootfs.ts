import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { packTar, type TarEntry } from "../../src/lib/tar-pack.ts";

/** Debian's busybox-static: one file that is a whole userland. */
const BUSYBOX = "/bin/busybox";

const file = (name: string, text: string, mode = 0o644): TarEntry => ({ name, type: "file", mode, data: Buffer.from(text) });
const folder = (name: string, mode = 0o755): TarEntry => ({ name: `${name}/`, type: "directory", mode });

/** A root file system of busybox and a link for each of its applets: about 2 MB. */
export function busyboxLayer(): Buffer {
  const applets = execFileSync(BUSYBOX, ["--list"], { encoding: "utf8" }).trim().split("\n");
  return packTar([
    ...["bin", "etc", "home", "proc", "sys", "dev", "var", "usr", "usr/bin"].map((name) => folder(name)),
    folder("root", 0o700),
    folder("tmp", 0o1777),
    { name: "bin/busybox", type: "file", mode: 0o755, data: readFileSync(BUSYBOX) },
    ...applets
      .filter((name) => name !== "busybox")
      .map((name): TarEntry => ({ name: `bin/${name}`, type: "symlink", mode: 0o777, linkname: "busybox" })),
    file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"),
    file("etc/group", "root:x:0:\nnogroup:x:65534:\n"),
  ]);
}

/** The starter image's own layer: a program that says what it sees of itself, and serves that as a page on port 8080. */
export function helloLayer(): Buffer {
  const source = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");
  return packTar([folder("www"), file("bin/hello", source("hello.sh"), 0o755), file("www/style.css", source("style.css"))]);
}
