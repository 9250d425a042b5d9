import { dockerArchive } from "../hello/docker-archive.ts";
import { foldersFor, nodeFiles, programFiles } from "./files.ts";
import { packTar, type TarEntry } from "../../src/lib/tar-pack.ts";

export const REGISTRY_REFERENCE = "dhow/registry:latest";
/** Of nobody on any host. */
const USER = 65_532;
const DATA = "var/lib/registry";
const MINUTE = 60_000_000_000;

/**
 * The image of `dhow registry serve`, of nothing but Node, the libraries that this host has for it, and what is shipped: no shell, no package manager.
 * The same files give the same image.
 */
export function registryArchive(): Buffer {
  const [node, program] = [nodeFiles(), programFiles()];
  return dockerArchive([
    {
      reference: REGISTRY_REFERENCE,
      // Node changes seldom, the program often.
      layers: [packTar([...foldersFor(node), ...node]), packTar([...foldersFor(program), ...program, ...own()])],
      config: {
        User: `${USER}:${USER}`,
        Env: ["PATH=/usr/bin", "HOME=/tmp", "NODE_ENV=production"],
        Entrypoint: [
          "/usr/bin/node",
          "--disable-warning=ExperimentalWarning",
          "/opt/dhow/dist/dhow.js",
          "registry",
          "serve",
          "--data-root",
          `/${DATA}`,
          "--addr",
          ":5000",
        ],
        // Who gives flags of his own says by them who may come in; without them it is what a registry's image is everywhere: open to whoever reaches the port.
        Cmd: ["--insecure"],
        ExposedPorts: { "5000/tcp": {} },
        Volumes: { [`/${DATA}`]: {} },
        StopSignal: "SIGTERM",
        Healthcheck: {
          Test: ["CMD", "/usr/bin/node", "/opt/dhow/healthy.mjs"],
          Interval: MINUTE / 2,
          Timeout: MINUTE / 12,
          StartPeriod: MINUTE / 4,
          Retries: 3,
        },
        Labels: {
          "org.opencontainers.image.title": "dhow/registry",
          "org.opencontainers.image.description": "An OCI registry: dhow registry serve",
          "org.opencontainers.image.licenses": "Apache-2.0 AND MIT",
        },
      },
    },
  ]);
}

function own(): TarEntry[] {
  const text = (name: string, data: string): TarEntry => ({ name, type: "file", mode: 0o644, data: Buffer.from(data) });
  const folder = (name: string, mode: number, owner = 0): TarEntry => ({
    name: `${name}/`,
    type: "directory",
    mode,
    uid: owner,
    gid: owner,
  });
  return [
    text("opt/dhow/healthy.mjs", HEALTHY),
    folder("etc", 0o755),
    text("etc/passwd", `root:x:0:0:root:/root:/sbin/nologin\nregistry:x:${USER}:${USER}:registry:/${DATA}:/sbin/nologin\n`),
    text("etc/group", `root:x:0:\nregistry:x:${USER}:\n`),
    folder("tmp", 0o1777),
    folder("var", 0o755),
    folder("var/lib", 0o755),
    folder(DATA, 0o700, USER),
  ];
}

/** Any answer of a registry will do: one that wants a password, or a client's certificate, is healthy, too. */
const HEALTHY = `import { connect } from "node:net";
import http from "node:http";
const request = http.get({ host: "127.0.0.1", port: 5000, path: "/v2/", timeout: 4000 }, ({ statusCode }) => process.exit(statusCode < 500 ? 0 : 1));
request.on("timeout", () => process.exit(1));
// Over TLS it answers nothing that HTTP could read: then it is enough that it listens.
request.on("error", () => connect(5000, "127.0.0.1").on("connect", () => process.exit(0)).on("error", () => process.exit(1)));
`;
