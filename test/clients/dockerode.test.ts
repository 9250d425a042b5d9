import Docker from "dockerode";
import { PassThrough, type Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { packTar } from "#lib/tar-pack.ts";
import { entriesOf } from "../support/archives.ts";
import { useDaemon } from "../support/daemon.ts";
import { BUSYBOX, busyboxArchive } from "../support/images.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new Docker({ socketPath: daemon.socket });

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

/** Splits the multiplexed stream, as dockerode's users do. */
async function demultiplexed(stream: NodeJS.ReadableStream): Promise<[string, string]> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, stdout, stderr);
  stream.on("end", () => [stdout, stderr].forEach((side) => side.end()));
  return Promise.all([text(stdout), text(stderr)]);
}

describe("dockerode", () => {
  it.each([true, false])("attaches with hijack: %s, types, and reads to the end", async (hijack) => {
    const container = await docker.createContainer({
      Image: BUSYBOX,
      Cmd: ["sh", "-c", "read line; echo $line; echo done >&2"],
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
    });
    const stream = (await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack })) as Duplex;
    await container.start();
    const said = demultiplexed(stream);
    // Without a hijack dockerode has no way to say that input ends: the request is on a connection that it keeps.
    if (hijack) stream.end("typed\n");
    else stream.write("typed\n");
    expect(await said).toEqual(["typed\n", "done\n"]);
    expect(await container.wait()).toMatchObject({ StatusCode: 0 });
    await container.remove();
  });

  it("runs exec with and without a terminal", async () => {
    const container = await docker.createContainer({ Image: BUSYBOX, Cmd: ["sleep", "1000"] });
    await container.start();
    const plain = await container.exec({ Cmd: ["sh", "-c", "echo out; echo err >&2; exit 3"], AttachStdout: true, AttachStderr: true });
    expect(await demultiplexed(await plain.start({}))).toEqual(["out\n", "err\n"]);
    expect(await plain.inspect()).toMatchObject({ Running: false, ExitCode: 3, ContainerID: container.id });
    const typed = await container.exec({ Cmd: ["cat"], AttachStdin: true, AttachStdout: true, Tty: true });
    const terminal = await typed.start({ hijack: true, stdin: true, Tty: true });
    terminal.write("hello\n");
    expect(await new Promise((resolve) => terminal.once("data", (data: Buffer) => resolve(data.toString())))).toContain("hello");
    terminal.write("\u0004");
    await text(terminal);
    const missing = await container.exec({ Cmd: ["no-such-program"], AttachStdout: true, AttachStderr: true });
    await demultiplexed(await missing.start({}));
    expect((await missing.inspect()).ExitCode).toBe(127);
    await container.remove({ force: true });
  });

  it("follows logs, waits for the next exit, and hears events", async () => {
    const events = await docker.getEvents({ filters: { type: ["container"], event: ["die"] } });
    const container = await docker.createContainer({ Image: BUSYBOX, Cmd: ["sh", "-c", "echo a; sleep 0.2; echo b"], Labels: { k: "v" } });
    const ended = container.wait({ condition: "next-exit" });
    await container.start();
    const logs = await container.logs({ follow: true, stdout: true, stderr: true, tail: -1 as never });
    expect(await demultiplexed(logs)).toEqual(["a\nb\n", ""]);
    expect(await ended).toMatchObject({ StatusCode: 0 });
    const told = JSON.parse(String(await new Promise((resolve) => events.once("data", resolve)))) as object;
    expect(told).toMatchObject({
      Type: "container",
      Action: "die",
      Actor: { ID: container.id, Attributes: { exitCode: "0", k: "v", image: BUSYBOX } },
    });
    (events as unknown as { destroy(): void }).destroy();
    await container.remove();
  });

  it("gets Docker's status codes for what goes wrong", async () => {
    await expect(docker.getContainer("missing").inspect()).rejects.toMatchObject({
      statusCode: 404,
      json: { message: "No such container: missing" },
    });
    await expect(docker.createContainer({ Image: "no/such:image" })).rejects.toMatchObject({
      statusCode: 404,
      json: { message: "No such image: no/such:image" },
    });
    const container = await docker.createContainer({ Image: BUSYBOX, Cmd: ["sleep", "1000"] });
    await expect(container.kill()).rejects.toMatchObject({ statusCode: 409 });
    await container.start();
    await expect(container.start()).rejects.toMatchObject({ statusCode: 304 });
    await expect(container.remove()).rejects.toMatchObject({ statusCode: 409 });
    await expect(docker.getImage(BUSYBOX).remove()).rejects.toMatchObject({ statusCode: 409 });
    await container.stop({ t: 0 });
    await expect(container.stop()).rejects.toMatchObject({ statusCode: 304 });
    await container.remove();
  });

  it("puts an archive before the start, gets one back, lists changes and commits", async () => {
    const container = await docker.createContainer({ Image: BUSYBOX, Cmd: ["cat", "/tmp/put"] });
    await container.putArchive(packTar([{ name: "put", type: "file", mode: 0o644, data: Buffer.from("by dockerode") }]), { path: "/tmp" });
    await container.start();
    await container.wait();
    expect((await container.logs({ stdout: true })).toString()).toContain("by dockerode");
    const chunks: Buffer[] = [];
    for await (const chunk of await container.getArchive({ path: "/tmp/put" })) chunks.push(Buffer.from(chunk));
    expect(entriesOf(Buffer.concat(chunks)).get("put")?.content.toString()).toBe("by dockerode");
    expect(await container.changes()).toEqual(expect.arrayContaining([{ Path: "/tmp/put", Kind: 1 }]));
    await container.commit({ repo: "committed", tag: "one" });
    await container.remove();
    expect((await docker.getImage("committed:one").inspect()).RootFS.Layers).toHaveLength(2);
  });
});
