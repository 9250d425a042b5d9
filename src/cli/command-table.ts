import type { Command } from "./command.ts";

/** A command as the table knows it: enough for help, and the way to the rest, which is loaded when it is asked for. */
export interface CommandEntry {
  /** What may be typed; the first is what help shows: `ps`, `container ls`. */
  readonly names: readonly [string, ...string[]];
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export const commandTable: readonly CommandEntry[] = [
  {
    names: ["run", "container run"],
    summary: "Create and run a new container from an image",
    load: async () => (await import("./commands/container/run.ts")).run,
  },
  {
    names: ["exec", "container exec"],
    summary: "Execute a command in a running container",
    load: async () => (await import("./commands/container/exec.ts")).exec,
  },
  {
    names: ["ps", "container ls", "container list", "container ps"],
    summary: "List containers",
    load: async () => (await import("./commands/container/ps.ts")).ps,
  },
  {
    names: ["logs", "container logs"],
    summary: "Fetch the logs of a container",
    load: async () => (await import("./commands/container/logs.ts")).logs,
  },
  {
    names: ["stop", "container stop"],
    summary: "Stop one or more running containers",
    load: async () => (await import("./commands/container/stop.ts")).stop,
  },
  {
    names: ["rm", "container rm", "container remove"],
    summary: "Remove one or more containers",
    load: async () => (await import("./commands/container/rm.ts")).rm,
  },
  {
    names: ["update", "container update"],
    summary: "Update the limits of one or more containers",
    load: async () => (await import("./commands/container/update.ts")).update,
  },
  {
    names: ["images", "image ls", "image list"],
    summary: "List images",
    load: async () => (await import("./commands/image/images.ts")).images,
  },
  {
    names: ["build", "image build", "builder build"],
    summary: "Build an image from a Dockerfile",
    load: async () => (await import("./commands/image/build.ts")).build,
  },
  {
    names: ["image attestations"],
    summary: "Show what was said of an image when it was built: its SBOM, its provenance",
    load: async () => (await import("./commands/image/attestations.ts")).imageAttestations,
  },
  {
    names: ["pull", "image pull"],
    summary: "Download an image from a registry",
    load: async () => (await import("./commands/image/pull.ts")).pull,
  },
  {
    names: ["push", "image push"],
    summary: "Upload an image to a registry",
    load: async () => (await import("./commands/image/push.ts")).push,
  },
  {
    names: ["save", "image save"],
    summary: "Save one or more images to a tar archive (streamed to STDOUT by default)",
    load: async () => (await import("./commands/image/save.ts")).save,
  },
  {
    names: ["load", "image load"],
    summary: "Load an image from a tar archive or STDIN",
    load: async () => (await import("./commands/image/load.ts")).load,
  },
  {
    names: ["image verify"],
    summary: "Say whether the signature policy accepts an image, and why",
    load: async () => (await import("./commands/image/verify.ts")).imageVerify,
  },
  {
    names: ["login"],
    summary: "Authenticate to a registry",
    load: async () => (await import("./commands/registry/login.ts")).login,
  },
  {
    names: ["logout"],
    summary: "Log out from a registry",
    load: async () => (await import("./commands/registry/logout.ts")).logout,
  },
  {
    names: ["dns trace"],
    summary: "Show what answers a container's question for a name, and why",
    load: async () => (await import("./commands/network/dns-trace.ts")).dnsTrace,
  },
  {
    names: ["registry serve"],
    summary: "Serve images to others from this machine",
    load: async () => (await import("./commands/registry/serve.ts")).registryServe,
  },
  {
    names: ["registry gc"],
    summary: "Collect the garbage of a registry that is not being served",
    load: async () => (await import("./commands/registry/gc.ts")).registryGc,
  },
  {
    names: ["network graph"],
    summary: "Draw networks, the containers on them, their addresses and published ports",
    load: async () => (await import("./commands/network/graph.ts")).networkGraph,
  },
  {
    names: ["info", "system info"],
    summary: "Display system-wide information",
    load: async () => (await import("./commands/system/info.ts")).info,
  },
  {
    names: ["system df"],
    summary: "Show what the disk is used for, logs included",
    load: async () => (await import("./commands/system/df.ts")).systemDf,
  },
  {
    names: ["system doctor"],
    summary: "Look for faults of the image store, and mend them",
    load: async () => (await import("./commands/system/doctor.ts")).systemDoctor,
  },
  {
    names: ["volume export"],
    summary: "Write the content of a volume as an archive",
    load: async () => (await import("./commands/volume/export.ts")).volumeExport,
  },
  {
    names: ["volume import"],
    summary: "Fill a new or an empty volume from an archive",
    load: async () => (await import("./commands/volume/import.ts")).volumeImport,
  },
  {
    names: ["volume clone"],
    summary: "Make a volume with the content of another",
    load: async () => (await import("./commands/volume/clone.ts")).volumeClone,
  },
  {
    names: ["volume snapshot"],
    summary: "Keep what a volume holds now; list, restore and remove snapshots",
    load: async () => (await import("./commands/volume/snapshot.ts")).volumeSnapshot,
  },
  {
    names: ["version"],
    summary: "Show the version information of the client and the engine",
    load: async () => (await import("./commands/system/version.ts")).version,
  },
];

/** Nouns that commands can be named by, and what each is about. */
export const nouns: Readonly<Record<string, string>> = {
  builder: "Manage builds",
  container: "Manage containers",
  dns: "Look into the names of containers",
  image: "Manage images",
  registry: "Keep a registry of one's own",
  network: "Look at networks",
  system: "Manage the engine",
  volume: "Copy volumes",
};

export type Found =
  | { readonly kind: "command"; readonly entry: CommandEntry; readonly name: string; readonly rest: readonly string[] }
  | { readonly kind: "noun"; readonly noun: string; readonly rest: readonly string[] }
  | { readonly kind: "unknown"; readonly name: string };

/** Which command the words begin with: `container ls -a` is the command `container ls`, and `-a` the rest. */
export function findCommand(words: readonly string[]): Found {
  const [first = "", second = ""] = words;
  const isNoun = Object.hasOwn(nouns, first);
  const name = isNoun ? `${first} ${second}` : first;
  const entry = commandTable.find(({ names }) => names.includes(name));
  if (entry !== undefined) return { kind: "command", entry, name, rest: words.slice(isNoun ? 2 : 1) };
  if (isNoun && !/^[^-]/.test(second)) return { kind: "noun", noun: first, rest: words.slice(1) };
  return { kind: "unknown", name };
}
