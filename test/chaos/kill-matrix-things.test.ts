import { afterAll, beforeAll, expect } from "vitest";
import { packTar } from "#lib/tar-pack.ts";
import { busyboxLayer } from "../../scripts/hello/rootfs.ts";
import { imageArchive } from "../support/images.ts";
import { SUBJECT, type Verb } from "../support/kill-matrix/kill-matrix.ts";
import { killDuring, useStage } from "../support/kill-matrix/stage.ts";
import { TestRegistry } from "../support/registry.ts";
import { scaled } from "../support/scale.ts";

/** The verbs of images, files, networks and volumes. In CI some of them, which the seed chooses. */
const stage = useStage();
const { chance, daemon } = stage;
const CHOSEN = 3;

let registry: TestRegistry;
beforeAll(async () => {
  registry = await TestRegistry.start();
  await registry.push("extra", "1", { reference: "extra:1", layers: [busyboxLayer(), packTar([file])], config: { Env: ["PATH=/bin"] } });
});
afterAll(() => registry.stop());

const file = { name: "extra", type: "file", mode: 0o644, data: Buffer.alloc(300_000, 7) } as const;
const pulled = (): string => `${registry.host}/extra:1`;

/** What an image that may have been made is like. */
const settleImage = async (image: string, answered: boolean, path: string): Promise<void> => {
  const there = await stage.isThere(`/images/${image}/json`);
  if (answered) expect(there).toBe(true);
  if (there) await stage.imageHas(image, path);
};

/** A network that is there works, and can be removed. */
const settleNetwork = async (): Promise<void> => {
  if (!(await stage.isThere("/networks/extra"))) return;
  if (!(await stage.knows())) await stage.runSubject({ NetworkMode: "extra" });
  await stage.endsWith33();
  await stage.removeSubject();
  await stage.call("DELETE", "/networks/extra");
};

const settleVolume = async (): Promise<void> => {
  if (!(await stage.isThere("/volumes/extra"))) return;
  await stage.runSubject({ Binds: ["extra:/extra"] });
  await stage.endsWith33();
  await stage.removeSubject();
  await stage.call("DELETE", "/volumes/extra");
};

const isConnected = async (): Promise<boolean> =>
  "extra" in ((await daemon.api("GET", `/containers/${SUBJECT}/json`)).json.NetworkSettings.Networks as object);

const verbs: readonly Verb[] = [
  {
    name: "load",
    prepare: async () => {},
    act: () => daemon.api("POST", "/images/load", imageArchive("extra:1", {}, [file])),
    settle: (answered) => settleImage("extra:1", answered, "/extra"),
    milestones: [
      { name: "a blob is half written", before: "^rename .*/ingest/", has: [/^file .*\/ingest\//] },
      { name: "a layer is half made", before: "^rename .*/staging/.*/layers/", has: [/^file .*\/staging\//], lacks: [/^row image /] },
      { name: "a layer is made, and no image has it", before: "^pwrite64 .*wal", has: [/^file .*\/layers\//], lacks: [/^row image /] },
    ],
  },
  {
    name: "pull",
    prepare: async () => {},
    act: () => daemon.api("POST", `/images/create?fromImage=${registry.host}/extra&tag=1`),
    settle: (answered) => settleImage(pulled(), answered, "/extra"),
    milestones: [
      { name: "a blob is half written", before: "^rename .*/ingest/", has: [/^file .*\/ingest\//] },
      { name: "a layer is half made", before: "^rename .*/staging/.*/layers/", has: [/^file .*\/staging\//], lacks: [/^row image /] },
    ],
  },
  {
    name: "commit",
    prepare: () => stage.runSubject(),
    act: () => daemon.api("POST", `/commit?container=${SUBJECT}&repo=extra&tag=1`),
    settle: async (answered) => {
      await stage.endsWith33();
      await settleImage("extra:1", answered, "/kept");
    },
    milestones: [
      { name: "it is paused for it", before: "^open_tree .*writables.*upper", has: [/^mount .*\/staging\//] },
      { name: "its layer is half made", before: "^umount2 .*/staging/", has: [/^file .*\/staging\//], lacks: [/^row image /] },
      { name: "its layer is made, and no image has it", before: "^rename .*/ingest/", has: [/^file .*\/layers\//], lacks: [/^row image /] },
    ],
  },
  {
    name: "cp into a container",
    prepare: () => stage.runSubject(),
    act: () => daemon.api("PUT", `/containers/${SUBJECT}/archive?path=/`, packTar([file])),
    settle: async (answered) => {
      const found = await daemon.api("HEAD", `/containers/${SUBJECT}/archive?path=/extra`);
      if (answered) expect(found.status).toBe(200);
      await stage.endsWith33();
    },
    milestones: [
      { name: "a file is half written", before: "^fchown .*/extra" },
      { name: "all is written, nobody has been told", before: "^write socket" },
    ],
  },
  {
    name: "cp out of a container",
    prepare: () => stage.runSubject(),
    act: () => daemon.api("GET", `/containers/${SUBJECT}/archive?path=/kept`),
    settle: () => stage.endsWith33(),
    milestones: [{ name: "its files are about to be seen", before: "^open_tree .*writables", has: [/^mount .*writables/] }],
  },
  {
    name: "network create",
    prepare: async () => {},
    act: () => daemon.api("POST", "/networks/create", { Name: "extra" }),
    settle: async (answered) => {
      if (answered) expect(await stage.isThere("/networks/extra")).toBe(true);
      await settleNetwork();
    },
    milestones: [
      { name: "its row is there, its bridge is not", before: "^sendto socket", has: [/^row network/], lacks: [/^link /] },
      { name: "its bridge is there, its rules are not", before: "^sendmsg socket", has: [/^link /], lacks: [/^nft /] },
      { name: "all is there, nobody has been told", before: "^write socket", has: [/^row network/, /^link /, /^nft /] },
    ],
  },
  {
    name: "network rm",
    prepare: async () => void (await stage.call("POST", "/networks/create", { Name: "extra" })),
    act: () => daemon.api("DELETE", "/networks/extra"),
    settle: async (answered) => {
      if (answered) expect(await stage.isThere("/networks/extra")).toBe(false);
      await settleNetwork();
    },
    milestones: [
      { name: "its rules are to go", before: "^sendmsg socket", has: [/^link /, /^nft /] },
      { name: "its bridge is to go", before: "^sendto socket", has: [/^row network/, /^link /], lacks: [/^nft /] },
    ],
  },
  {
    name: "network connect",
    prepare: async () => {
      await stage.call("POST", "/networks/create", { Name: "extra" });
      await stage.runSubject();
    },
    act: () => daemon.api("POST", "/networks/extra/connect", { Container: SUBJECT }),
    settle: async (answered) => {
      if (answered) expect(await isConnected()).toBe(true);
      await settleNetwork();
    },
    milestones: [
      { name: "a wire is there, its end inside is not", before: "^setns ", has: [/^link /] },
      { name: "all is there but for its names", before: "^pwrite64 .*/hosts", has: [/^link /] },
    ],
  },
  {
    name: "network disconnect",
    prepare: async () => {
      await stage.call("POST", "/networks/create", { Name: "extra" });
      await stage.runSubject();
      await stage.call("POST", "/networks/extra/connect", { Container: SUBJECT });
    },
    act: () => daemon.api("POST", "/networks/extra/disconnect", { Container: SUBJECT }),
    settle: async (answered) => {
      if (answered) expect(await isConnected()).toBe(false);
      await settleNetwork();
    },
    milestones: [
      { name: "its wire is gone, its row is not", before: "^pwrite64 .*wal" },
      { name: "all is gone but for its names", before: "^pwrite64 .*/hosts" },
    ],
  },
  {
    name: "volume create",
    prepare: async () => {},
    act: () => daemon.api("POST", "/volumes/create", { Name: "extra" }),
    settle: async (answered) => {
      if (answered) expect(await stage.isThere("/volumes/extra")).toBe(true);
      await settleVolume();
    },
    milestones: [
      {
        name: "its folder is there, its row is not",
        before: "^pwrite64 .*wal",
        has: [/^file .*\/volumes\/extra$/],
        lacks: [/^row volumes extra/],
      },
      { name: "all is there, nobody has been told", before: "^write socket", has: [/^row volumes extra/] },
    ],
  },
  {
    name: "volume rm",
    prepare: async () => void (await stage.call("POST", "/volumes/create", { Name: "extra" })),
    act: () => daemon.api("DELETE", "/volumes/extra"),
    settle: async (answered) => {
      if (answered) expect(await stage.isThere("/volumes/extra")).toBe(false);
      await settleVolume();
    },
    milestones: [
      { name: "its row is to go", before: "^pwrite64 .*wal", has: [/^row volumes extra/, /^file .*\/volumes\/\.removed/] },
      { name: "its folder is to go", before: "^rmdir ", has: [/^file .*\/volumes\/\.removed/], lacks: [/^row volumes extra/] },
    ],
  },
];

killDuring(stage, scaled(chance.sample(verbs, CHOSEN), verbs));
