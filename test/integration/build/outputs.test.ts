import { existsSync, globSync, lstatSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { entriesOf } from "../../support/archives.ts";
import { useDaemon } from "../../support/daemon.ts";
import { dhowCli } from "../../support/dhow-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { useFolders } from "../../support/folders.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

/** What leaves the daemon over a build's session: files, archives; and what comes in over it: an agent. */
const daemon = useDaemon({ images: [busyboxArchive] });
const dhow = dhowCli(daemon);
const folder = useFolders();

const TREE = [
  `FROM ${BUSYBOX} AS made`,
  "RUN mkdir -p /out/deep && echo hello > /out/deep/said && chmod 750 /out/deep && ln -s deep/said /out/short && ln /out/deep/said /out/again && mkfifo /out/pipe",
  "FROM scratch",
  "COPY --from=made /out /",
].join("\n");

it("puts the files of a result into a folder, as the user's own, and makes no image of them", async () => {
  const [context, target] = [folder({ Dockerfile: TREE }), folder({ "kept.txt": "mine", again: "old" })];
  const { code, stderr } = await dhow.run(["build", "-o", target, context]);
  expect(code, stderr).toBe(0);
  expect(stderr).not.toContain("Successfully built");
  expect(stderr).toContain("1 devices and pipes were left out: pipe\n");
  expect(readFileSync(join(target, "deep/said"), "utf8")).toBe("hello\n");
  expect(lstatSync(join(target, "deep")).mode & 0o777).toBe(0o750);
  expect(readlinkSync(join(target, "short"))).toBe("deep/said");
  expect(lstatSync(join(target, "again")).ino).toBe(lstatSync(join(target, "deep/said")).ino);
  expect(readFileSync(join(target, "kept.txt"), "utf8")).toBe("mine");
  expect(await dhow.ok("images", "-q", "--filter", "dangling=true")).toBe("");
});

it("writes nothing through a link that lies in the folder", async () => {
  const [context, target, outside] = [folder({ Dockerfile: TREE }), folder({ x: "" }), folder({ said: "untouched" })];
  symlinkSync(outside, join(target, "deep"));
  const { code, stderr } = await dhow.run(["build", "-o", target, context]);
  expect({ code, untouched: readFileSync(join(outside, "said"), "utf8") }, stderr).toEqual({ code: 1, untouched: "untouched" });
  expect(stderr).toContain("deep is in the way: a folder has to be here, and nothing is written through what is here");
});

it("writes a tar of the files, and the image as an OCI and as a Docker archive", async () => {
  const [context, target] = [folder({ Dockerfile: TREE }), folder({ x: "" })];
  const [tar, oci, docker] = ["files.tar", "oci.tar", "docker.tar"].map((name) => join(target, name)) as [string, string, string];
  const outputs = [
    `type=tar,dest=${tar}`,
    `type=oci,dest=${oci}`,
    `type=docker,dest=${docker},name=outputs/extra:1`,
    `type=oci,tar=false,dest=${target}/layout`,
  ];
  const { code, stderr } = await dhow.run(["build", "-q", "-t", "outputs/one", ...outputs.flatMap((one) => ["-o", one]), context]);
  expect(code, stderr).toBe(0);
  expect(entriesOf(readFileSync(tar)).get("again")?.content.toString()).toBe("hello\n");
  const layout = entriesOf(readFileSync(oci));
  expect([...layout.keys()].filter((name) => !name.startsWith("blobs/"))).toEqual(["index.json", "oci-layout"]);
  const { manifests } = JSON.parse(String(layout.get("index.json")?.content)) as {
    manifests: { annotations: Record<string, string>; digest: string }[];
  };
  expect(manifests.map(({ annotations }) => annotations["io.containerd.image.name"])).toEqual(["docker.io/outputs/one:latest"]);
  for (const [name, { content }] of layout)
    if (name.startsWith("blobs/sha256/") && content.length > 0)
      expect(name).toBe(`blobs/sha256/${createHash("sha256").update(content).digest("hex")}`);
  expect(existsSync(join(target, "layout", "blobs", String(manifests[0]?.digest).replace(":", "/")))).toBe(true);
  expect(await dhow.ok("images", "-q", "outputs/one")).toBe("");
  expect((await dhow.ok("load", "-i", docker)).split("\n").toSorted()).toEqual([
    "Loaded image: outputs/extra:1",
    "Loaded image: outputs/one:latest",
  ]);
  for (const name of ["outputs/one", "outputs/extra:1"]) await daemon.api("DELETE", `/images/${name}`);
});

it("writes to stdout, and nothing but the archive", async () => {
  const { code, stdout, stderr } = await dhow.run(["build", "-o", "-", "-"], { input: "FROM scratch\nCOPY <<a /a\nof stdout\na\n" });
  expect(code, stderr).toBe(0);
  expect(entriesOf(Buffer.from(stdout)).get("a")?.content.toString()).toBe("of stdout\n");
});

it("wants a session for what goes to the client, and each but once", async () => {
  const outputs = encodeURIComponent(JSON.stringify([{ Type: "tar", Attrs: {} }]));
  expect(await daemon.api("POST", `/build?outputs=${outputs}`)).toMatchObject({
    status: 400,
    text: expect.stringContaining("needs a session"),
  });
  const headers = { "x-dhow-build-session": "0".repeat(32) };
  const answer = await daemon.api("POST", `/build?outputs=${outputs}`, Buffer.alloc(0), headers);
  expect(answer).toMatchObject({ status: 404, text: expect.stringContaining("no such build session") });
  expect(await daemon.api("POST", "/build/session")).toMatchObject({ status: 400 });
});

it("squashes all that a build added into one layer, whatever was written and deleted on the way", async () => {
  const lines = [
    `FROM ${BUSYBOX}`,
    "RUN echo large > /large && echo one > /one && mkdir /gone && touch /gone/x",
    "RUN rm -r /large /gone /bin/yes && echo two >> /one",
    "ENV A=b",
    "RUN chmod 600 /one",
  ];
  const { code, stderr } = await dhow.run(["build", "--squash", "-t", "outputs/squashed", "-"], { input: lines.join("\n") });
  expect(code, stderr).toBe(0);
  const { json } = await daemon.api("GET", "/images/outputs/squashed/json");
  const base = await daemon.api("GET", `/images/${BUSYBOX}/json`);
  expect(json.RootFS.Layers).toEqual([...base.json.RootFS.Layers, expect.stringMatching(/^sha256:/)]);
  expect(json.Config.Env).toContain("A=b");
  const said = await dhow.ok(
    "run",
    "--rm",
    "outputs/squashed",
    "sh",
    "-c",
    "stat -c %a /one; cat /one; ls -d /large /gone /bin/yes 2>&1 | grep -c 'No such'; ls /bin/sh",
  );
  expect(said.split("\n")).toEqual(["600", "one", "two", "3", "/bin/sh"]);
  const history = await daemon.api("GET", "/images/outputs/squashed/history");
  expect(history.json[0]).toMatchObject({
    Comment: expect.stringMatching(/^merge sha256:[0-9a-f]{64} to sha256:[0-9a-f]{64}$/),
    Size: expect.any(Number),
  });
  const again = await dhow.run(["build", "-q", "--squash", "-"], { input: lines.join("\n") });
  expect(again.stdout.trim()).toBe(json.Id);
});

let agent: Server;
const agentSocket = (): string => join(daemon.folder, "agent");
beforeAll(async () => {
  // An agent that has no identities, and says so.
  agent = createServer((connection) => connection.on("data", () => connection.write(Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 0]))));
  await once(agent.listen(agentSocket()), "listening");
});
afterAll(() => agent.close());

it("connects a RUN to the client's agent, and to no other, and lets it change nothing there", async () => {
  const id = `agent-${process.pid}-of-test`;
  const caches = join(daemon.instance.dataRoot, "builds/caches", createHash("sha256").update(id).digest("hex"));
  const wait = "i=0; until test -e /c/go || test $i -gt 600; do sleep 0.1; i=$((i+1)); done";
  const mounts = `--mount=type=ssh,mode=0666,uid=7 --mount=type=ssh,id=other --mount=type=cache,id=${id},target=/c`;
  const run = `RUN ${mounts} stat -c '%F %a %u' $SSH_AUTH_SOCK && ls /run/buildkit && touch /c/there && (${wait})`;
  const building = dhow.run(["build", "--no-cache", "--ssh", `default=${agentSocket()}`, "-"], {
    input: `FROM ${BUSYBOX}\n${run}\nRUN test ! -e /run/buildkit && test -z "$SSH_AUTH_SOCK"\n`,
  });
  await eventually(() => expect(existsSync(join(caches, "there"))).toBe(true));
  const [socket = ""] = globSync(join(daemon.instance.dataRoot, "builds/jobs/*/run-*/ssh-*/agent"));
  expect(await asked(socket, 11)).toEqual([12, 0, 0, 0, 0]);
  expect(await asked(socket, 17)).toEqual([5]);
  writeFileSync(join(caches, "go"), "");
  const { code, stderr } = await building;
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("\nsocket 666 7\nssh_agent.0\n");
  const required = await dhow.run(["build", "-"], { input: `FROM ${BUSYBOX}\nRUN --mount=type=ssh,id=work,required true\n` });
  expect(required.stderr).toContain("unset ssh forward key work: the client forwards no such agent (--ssh work)");
});

/** What is answered to a message of one byte. */
async function asked(socket: string, type: number): Promise<number[]> {
  const connection = connect(socket);
  connection.write(Buffer.from([0, 0, 0, 1, type]));
  const [answer] = (await once(connection, "data")) as [Buffer];
  connection.destroy();
  return [...answer.subarray(4)];
}
