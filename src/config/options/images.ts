import type { OptionRow } from "./row.ts";

/** Where images come from and how they are kept. */
export const imagesOptions = {
  "allow-nondistributable-artifacts": { type: "list", help: "", hidden: true },
  builder: { type: "object", help: "", fileOnly: true, ready: true, reload: true },
  "http-proxy": { within: "proxies", type: "string", help: "Proxy for http:// requests of the daemon", ready: true },
  "https-proxy": { within: "proxies", type: "string", help: "Proxy for https:// requests of the daemon", ready: true },
  "insecure-registry": {
    key: "insecure-registries",
    type: "list",
    help: "Registry that may be spoken to without verified TLS",
    ready: true,
    reload: true,
  },
  "max-concurrent-downloads": { type: "int", help: "Layers that one pull loads at a time", default: "3", ready: true },
  "max-concurrent-uploads": { type: "int", help: "Layers that all pushes send at a time", default: "5", ready: true },
  "max-download-attempts": { type: "int", help: "Tries for each layer of a pull", default: "5", ready: true },
  "no-proxy": { within: "proxies", type: "string", help: "Hosts that are reached without a proxy", ready: true },
  "registry-mirror": {
    key: "registry-mirrors",
    type: "list",
    help: "Mirror to try before Docker Hub, or HOST=URL before another registry",
    ready: true,
    reload: true,
  },
  "signature-policy": {
    type: "string",
    help: "File that says whose signatures images need, as containers-policy.json(5)",
    default: "/etc/dhow/policy.json",
    ready: true,
    reload: true,
  },
  "storage-driver": {
    short: "s",
    type: "string",
    help: "How layers are stored: overlay2, btrfs or vfs",
    default: "the one used before, or the first that works",
    ready: true,
  },
  "storage-opt": { key: "storage-opts", type: "list", help: "Options of the storage driver" },
} as const satisfies Record<string, OptionRow>;
