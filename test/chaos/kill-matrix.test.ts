import { expect } from "vitest";
import { eventually } from "../support/eventually.ts";
import { SUBJECT, type Verb } from "../support/kill-matrix/kill-matrix.ts";
import { killDuring, useStage } from "../support/kill-matrix/stage.ts";

/** The verbs of a container's life. */
const stage = useStage();
const { chance, daemon } = stage;

const verbs: readonly Verb[] = [
  {
    name: "create",
    prepare: async () => {},
    act: () => stage.createSubject(),
    settle: async (answered) => {
      if (answered) expect((await stage.state()).Status).toBe("created");
      if (await stage.knows()) await stage.call("POST", `/containers/${SUBJECT}/start`);
    },
    milestones: [
      { name: "nothing is written", before: "^pwrite64 .*wal", lacks: [/./] },
      { name: "the intent is written", before: "^mkdir .*/staging/", has: [/^row container_removals /], lacks: [/writables/] },
      {
        name: "the root is half made",
        before: "^rename .*/staging/.*writables",
        has: [/^file .*\/staging\//],
        lacks: [/^row containers /],
      },
      { name: "the root is made", before: "^mkdir .*/volumes/", has: [/^file .*\/writables\//], lacks: [/^row containers /] },
      { name: "all is there, nobody has been told", before: "^write socket", has: [/^row containers /], lacks: [/container_removals/] },
    ],
  },
  {
    name: "start",
    prepare: async () => void (await stage.createSubject()),
    act: () => daemon.api("POST", `/containers/${SUBJECT}/start`),
    settle: async (answered) => {
      const { Status } = await stage.state();
      expect(answered ? ["running"] : ["created", "running"]).toContain(Status);
      // To be removed at once is another way on than to be started again: each meets what the other would clean up.
      if (Status === "created" && chance.below(2) === 0) return;
      if (Status === "created") await stage.call("POST", `/containers/${SUBJECT}/start`);
      await stage.endsWith33();
    },
    milestones: [
      { name: "there is a bundle", before: "^mount .*writables", has: [/^file .*\/bundles\//], lacks: [/^mount .*writables/] },
      { name: "the network is planned", before: "^unshare ", has: [/^row network_sandboxes /], lacks: [/^mount .*netns/] },
      { name: "there is a namespace", before: "^write .*ip_unprivileged_port_start", has: [/^mount .*netns/] },
      { name: "the runtime is to start", before: "^write pipe:", has: [/^file .*\/monitors\/.*json/, /^link /] },
      {
        name: "the container is made, its record is not",
        before: "^rename .*json\\.new",
        occurrence: 2,
        has: [/^cgroup .*[0-9a-f]{64}/, /^file .*runtimes/],
      },
      {
        name: "it is to be let go",
        before: "^write .*exec\\.fifo",
        has: [/^file .*\/monitors\/.*json/, /^link /, /^nft .*dnat|^nft .*: /],
      },
      { name: "it runs, and its gate is there", before: "^unlink .*exec\\.fifo", has: [/^process /] },
      { name: "it runs, nobody has been told", before: "^write socket", has: [/^process .*trap/] },
    ],
  },
  {
    name: "exec",
    prepare: () => stage.runSubject(),
    act: async () => {
      const made = await daemon.api("POST", `/containers/${SUBJECT}/exec`, { Cmd: ["touch", "/tmp/x"], AttachStdout: true });
      return daemon.api("POST", `/exec/${made.json.Id as string}/start`, {});
    },
    settle: async () => {
      expect((await stage.state()).Status).toBe("running");
      const again = await stage.call("POST", `/containers/${SUBJECT}/exec`, { Cmd: ["echo", "served"], AttachStdout: true });
      expect((await stage.call("POST", `/exec/${again.json.Id as string}/start`, {})).text).toContain("served");
      await stage.endsWith33();
    },
    milestones: [{ name: "the process has ended, nobody has been told", before: "^unlink .*/pids/", has: [/^file .*\/pids\//] }],
  },
  {
    name: "stop",
    prepare: () => stage.runSubject(),
    act: () => daemon.api("POST", `/containers/${SUBJECT}/stop?t=30`),
    settle: async (answered) => {
      if (answered) expect(await stage.state()).toMatchObject({ Status: "exited", ExitCode: 33 });
      await stage.endsWith33();
    },
    milestones: [
      { name: "it is to be signalled", before: "^pidfd_send_signal ", has: [/^process .*trap/] },
      { name: "it has ended, its group is there", before: "^rmdir .*cgroup", has: [/^file .*\/exits\//, /^cgroup .*[0-9a-f]{64}/] },
      { name: "its namespace is there", before: "^umount2 .*netns", has: [/^mount .*netns/, /^row network_sandboxes/] },
      { name: "its root is mounted", before: "^umount2 .*writables", has: [/^mount .*writables/] },
      { name: "its bundle is there", before: "^rmdir .*/bundles/", has: [/^file .*\/bundles\//], lacks: [/^mount .*writables/] },
    ],
  },
  {
    name: "restart",
    prepare: () => stage.runSubject(),
    act: () => daemon.api("POST", `/containers/${SUBJECT}/restart?t=30`),
    settle: async (answered) => {
      const { Status, ExitCode } = await stage.state();
      if (answered || Status !== "exited") expect(Status).toBe("running");
      else expect(ExitCode).toBe(33);
      if (Status !== "exited") await stage.endsWith33();
    },
    milestones: [{ name: "it is down, and not up again", before: "^mkdir .*/bundles/", has: [/^row containers /], lacks: [/^process /] }],
  },
  {
    name: "rm",
    prepare: () => stage.runSubject(),
    act: () => daemon.api("DELETE", `/containers/${SUBJECT}?force=1&v=1`),
    settle: async (answered) => {
      if (answered) expect(await stage.knows()).toBe(false);
      if (await stage.knows()) expect(["running", "exited"]).toContain((await stage.state()).Status);
    },
    milestones: [
      {
        name: "its volume is to go",
        before: "^rename .*/volumes/",
        has: [/^row container_removals /, /^file .*\/volumes\//],
        lacks: [/^row containers /],
      },
      { name: "its root is to go", before: "^rename .*/writables/", has: [/^row container_removals /, /^file .*\/writables\//] },
      { name: "its root lies about", before: "^rmdir .*/staging/", has: [/^file .*\/staging\//], lacks: [/^file .*\/writables\//] },
      { name: "its folder is to go", before: "^rmdir .*/containers/", has: [/^file .*\/containers\//] },
    ],
  },
  {
    name: "end of --rm",
    prepare: () => stage.runSubject({ AutoRemove: true }),
    act: () => daemon.api("POST", `/containers/${SUBJECT}/kill`),
    settle: async () => {
      if (await stage.knows()) await daemon.api("POST", `/containers/${SUBJECT}/kill`);
      await eventually(async () => expect(await stage.knows()).toBe(false));
    },
    milestones: [{ name: "it has ended, and is to be removed", before: "^rename .*/writables/", has: [/^row container_removals /] }],
  },
];

killDuring(stage, verbs);
