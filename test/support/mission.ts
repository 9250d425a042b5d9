import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { TarEntry } from "#lib/tar-pack.ts";
import type { DockerCli } from "./docker-cli.ts";
import { imageArchive } from "./images.ts";

/** Stand-ins for images that people build on and that cannot be had here: Debian's packages, installed by `apt-get` in a build. */
const install = (packages: string): string => `RUN apt-get update && apt-get install -y ${packages} && rm -rf /var/lib/apt/lists/*`;

/** By the names that they go by; each is built on the first. */
const standIns: Readonly<Record<string, string>> = {
  "python:3.11-slim": [
    "FROM debian:bookworm-slim",
    install("python3 python3-pip"),
    "RUN rm -f /usr/lib/python3*/EXTERNALLY-MANAGED && ln -s python3 /usr/bin/python",
    'CMD ["python3"]',
  ].join("\n"),
  "golang:1.21-alpine": ["FROM debian:bookworm-slim", install("golang-go"), "ENV CGO_ENABLED=0 GOCACHE=/tmp/go", "WORKDIR /go"].join("\n"),
  "node:20-slim": ["FROM debian:bookworm-slim", install("nodejs npm"), 'CMD ["node"]'].join("\n"),
  "nginx:latest": [
    "FROM debian:bookworm-slim",
    install("nginx-light"),
    "RUN ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log",
    "EXPOSE 80",
    "STOPSIGNAL SIGQUIT",
    `CMD ["nginx", "-g", "daemon off;"]`,
  ].join("\n"),
};

/** Mirrors of packages may be slow. */
const LONG_MS = 1_200_000;

const program = (name: string, ...lines: string[]): TarEntry => ({
  name: `bin/${name}`,
  type: "file",
  mode: 0o755,
  data: Buffer.from(["#!/bin/sh", ...lines, ""].join("\n")),
});

/** Busybox with the two commands of Alpine's that Debian's has not, for the options that people give them. */
export const alpineArchive = (): Buffer =>
  imageArchive("alpine:latest", { Cmd: ["sh"] }, [
    program("addgroup", '[ "$1" = -g ] || exit 1', 'echo "$3:x:$2:" >> /etc/group'),
    program(
      "adduser",
      '[ "$1 $2 $4" = "-D -u -G" ] || exit 1',
      'group=$(grep "^$5:" /etc/group | cut -d: -f3)',
      'echo "$6:x:$3:$group::/home/$6:/bin/sh" >> /etc/passwd',
    ),
  ]);

/** What they stand on is made once a machine. */
const cache = process.env["DHOW_TEST_CACHE"] ?? join(homedir(), ".cache/dhow-tests");

/** Brings an image into the engine: out of the cache, or built there and put into it. @returns whether it was built. */
export async function haveImage(docker: DockerCli, name: string): Promise<boolean> {
  const dockerfile = standIns[name];
  if (dockerfile === undefined) throw new Error(`no stand-in for ${name}`);
  const archive = join(cache, `${createHash("sha256").update(dockerfile).digest("hex").slice(0, 16)}.tar`);
  if (existsSync(archive)) {
    const { code, stderr } = await docker.run(["load", "-q", "-i", archive], { timeout: LONG_MS });
    if (code !== 0) throw new Error(`${name}: ${stderr}`);
    return false;
  }
  const options = { input: dockerfile, environment: { DOCKER_BUILDKIT: "0" }, timeout: LONG_MS };
  const { code, stdout, stderr } = await docker.run(["build", "-t", name, "-"], options);
  if (code !== 0) throw new Error(`${name}: ${stdout.slice(-3000)}${stderr}`);
  const saved = await docker.run(["save", "-o", `${archive}.part`, name], { timeout: LONG_MS });
  if (saved.code !== 0) throw new Error(`${name}: ${saved.stderr}`);
  renameSync(`${archive}.part`, archive);
  return true;
}

/** Debian itself, by mmdebstrap, under the names that Dockerfiles begin with; of what packages recommend nothing is installed. */
export async function haveDebian(docker: DockerCli, ...names: readonly string[]): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const archive = join(cache, "debian-bookworm.tar");
  if (!existsSync(archive)) {
    const options = ["--variant=minbase", '--aptopt=APT::Install-Recommends "false"', "bookworm", `${cache}/debian-part.tar`];
    const made = spawnSync("mmdebstrap", options, { encoding: "utf8" });
    if (made.status !== 0) throw new Error(`mmdebstrap: ${made.stderr.slice(-3000)}`);
    renameSync(`${cache}/debian-part.tar`, archive);
  }
  const id = await docker.ok("import", "--change", 'CMD ["bash"]', archive);
  for (const name of names) await docker.ok("tag", id, name);
}
