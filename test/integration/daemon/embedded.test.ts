import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import Docker from "dockerode";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Engine } from "#embed/engine.ts";
import { instanceOf, type Instance } from "#spec/instance.ts";
import { launched } from "../../support/build.ts";
import { examplesIn } from "../../support/examples.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { residueOf } from "../../support/residue.ts";

let folder: string;

beforeAll(() => {
  Object.assign(process.env, launched);
  folder = mkdtempSync(join(tmpdir(), "embedded-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const socketOf = (engine: { readonly host: string }): string => engine.host.replace("unix://", "");
const instanceNamed = (engine: { readonly host: string }, dataRoot?: string): Instance =>
  instanceOf(basename(dirname(socketOf(engine))), dataRoot === undefined ? {} : { dataRoot });

async function load(engine: Engine): Promise<void> {
  for await (const _line of await engine.client.images.load(Readable.from([busyboxArchive()]))) continue;
}

async function nothingIsLeft(instance: Instance): Promise<void> {
  await eventually(() => expect(residueOf(instance)).toEqual([]));
  expect([existsSync(instance.dataRoot), existsSync(instance.execRoot)]).toEqual([false, false]);
}

test("an engine serves its own client and others, beside another one, and leaves nothing", async () => {
  const lines: string[] = [];
  await using other = await Engine.start();
  const engine = await Engine.start({ config: { labels: ["suite=mine"] }, onLog: (line) => void lines.push(line) });
  await load(engine);
  const docker = new Docker({ socketPath: socketOf(engine) });
  const container = await docker.createContainer({ Image: BUSYBOX, name: "web", Cmd: ["sleep", "1000"] });
  await container.start();
  const once = {
    Image: BUSYBOX,
    Cmd: ["sh", "-c", "echo out; echo err >&2; exit 4"],
    HostConfig: { AutoRemove: true, NetworkMode: "none" },
  };
  expect(await engine.client.containers.run(once)).toEqual({ exitCode: 4, stdout: "out\n", stderr: "err\n" });
  await engine.client.networks.create({ Name: "app" });
  expect((await engine.client.containers.list()).map(({ Names }) => Names)).toEqual([["/web"]]);
  expect(await other.client.containers.list()).toEqual([]);
  expect((await engine.client.system.info()).Labels).toEqual(["suite=mine"]);
  expect(lines.join("\n")).toContain(`API listen on ${engine.host}`);
  await engine.stop();
  await engine.stop();
  await nothingIsLeft(instanceNamed(engine));
});

test("with a folder of the caller's, images stay for the next, containers and networks do not; and there is one at a time", async () => {
  const dataRoot = join(folder, "kept");
  const first = await Engine.start({ dataRoot });
  await load(first);
  const { Id } = await first.client.containers.create({ Image: BUSYBOX, Cmd: ["sleep", "1000"] });
  await first.client.containers.start(Id);
  await first.client.networks.create({ Name: "app" });
  await expect(Engine.start({ dataRoot })).rejects.toThrow(/the engine did not start.*Its last words:\n.*is still running/s);
  await first.stop();
  await using second = await Engine.start({ dataRoot });
  expect((await second.client.images.list()).flatMap(({ RepoTags }) => RepoTags)).toEqual([BUSYBOX]);
  expect(await second.client.containers.list({ all: true })).toEqual([]);
  expect(new Set((await second.client.networks.list()).map(({ Name }) => Name))).toEqual(new Set(["bridge", "host", "none"]));
  await second.stop();
  await eventually(() => expect(residueOf(instanceNamed(second, dataRoot))).toEqual([]));
});

test("settings that are not accepted are named, and nothing stays of the attempt", async () => {
  const before = readdirSync("/run").filter((name) => name.startsWith("dhow-e"));
  await expect(Engine.start({ config: { "no-such-key": true } })).rejects.toMatchObject({
    category: "unavailable",
    message: expect.stringContaining("no-such-key") as unknown,
  });
  expect(readdirSync("/run").filter((name) => name.startsWith("dhow-e") && !before.includes(name))).toEqual([]);
});

/** A program that starts an engine with a running container, says where, and then only waits. */
const PROGRAM = `
  const { Engine } = await import("#embed/engine.ts");
  const { Readable } = await import("node:stream");
  const { busyboxArchive, BUSYBOX } = await import("#test/support/images.ts");
  const engine = await Engine.start();
  for await (const line of await engine.client.images.load(Readable.from([busyboxArchive()]))) continue;
  const { Id } = await engine.client.containers.create({ Image: BUSYBOX, Cmd: ["sleep", "1000"] });
  await engine.client.containers.start(Id);
  console.log(engine.host);
  if (process.env.END === "falls off") process.stdout.write("");
  else setInterval(() => {}, 1000);
`;

async function runProgram(environment: Record<string, string> = {}): Promise<{ host: string; kill: () => void; ended: Promise<unknown> }> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...environment },
    cwd: join(import.meta.dirname, "../../.."),
  });
  const ended = once(child, "exit");
  const [host] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  return { host: host.trim(), kill: () => void child.kill("SIGKILL"), ended };
}

test("a program that is killed leaves nothing; nor does one that forgets to stop its engine, and it ends all the same", async () => {
  const killed = await runProgram();
  killed.kill();
  const forgetful = await runProgram({ END: "falls off" });
  expect(await forgetful.ended).toEqual([0, null]);
  await nothingIsLeft(instanceNamed(killed));
  await nothingIsLeft(instanceNamed(forgetful));
});

test("what a killed daemon left is cleared away by the next engine that somebody starts", async () => {
  const engine = await Engine.start();
  await load(engine);
  const { Id } = await engine.client.containers.create({ Image: BUSYBOX, Cmd: ["sleep", "1000"] });
  await engine.client.containers.start(Id);
  const instance = instanceNamed(engine);
  process.kill(Number(readFileSync(join(instance.execRoot, "dhowd.pid"), "utf8")), "SIGKILL");
  await engine.ended;
  expect(residueOf(instance)).not.toEqual([]);
  await using _next = await Engine.start();
  await eventually(() => nothingIsLeft(instance));
});

test("the examples of docs/reference/sdk.md run, and say what they say they do", async () => {
  const [cwd, root] = [join(folder, "examples"), join(import.meta.dirname, "../../..")];
  mkdirSync(cwd);
  writeFileSync(join(cwd, "busybox.tar"), busyboxArchive());
  const examples = examplesIn(readFileSync(join(root, "docs/reference/sdk.md"), "utf8"), "ts");
  const program = join(cwd, "examples.ts");
  writeFileSync(program, examples.replace('"dhow"', JSON.stringify(join(root, "src/index.ts"))));
  const run = spawn(process.execPath, [program], { cwd, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, DEBUG: "" } });
  const [stdout, stderr, [code]] = await Promise.all([text(run.stdout), text(run.stderr), once(run, "close") as Promise<[number]>]);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining("Error")]);
  const expected = ["3 hello from box", "200", "0 web", "die web 137", "typed", "4", "404 No such container: nobody", "2"];
  expect(stdout.split("\n").filter((line) => expected.includes(line))).toEqual(expected);
});
