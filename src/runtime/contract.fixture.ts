import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { OciSpec } from "#spec/oci-runtime/spec.ts";
import type { ContainerStreams, LaunchRequest, OutputChunk, RuntimeDriver } from "./contract.ts";

/** Commands of the tests' root file system, all of them busybox. */
const COMMANDS = "cat dd echo false grep head id kill ls printf pwd readlink seq sh sleep stty tail true tty wc yes".split(" ");

/** A folder with a root file system of one static program, and specs for containers on it. */
export class ContainerFixture implements AsyncDisposable {
  readonly folder: string;
  readonly rootfs: string;
  readonly cgroupParent: string;
  #count = 0;

  private constructor(folder: string, cgroupParent: string) {
    this.folder = folder;
    this.rootfs = `${folder}/rootfs`;
    this.cgroupParent = cgroupParent;
  }

  static async open(): Promise<ContainerFixture> {
    const folder = await mkdtemp(`${tmpdir()}/dhow-rt-`);
    const fixture = new ContainerFixture(folder, `/${folder.split("/").at(-1)?.toLowerCase()}`);
    await fixture.#makeRootfs();
    return fixture;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A container that runs a shell script. */
  async request(script: string, more: Partial<LaunchRequest> = {}): Promise<LaunchRequest> {
    const id = more.id ?? `${process.pid}${Date.now().toString(16)}${this.#count++}`;
    const bundle = `${this.folder}/bundles/${id}`;
    await mkdir(bundle, { recursive: true, mode: 0o700 });
    await mkdir(`${bundle}.logs`, { recursive: true });
    const spec = this.spec(id, ["/bin/sh", "-c", script], more.tty === true);
    return { id, bundle, spec, tty: false, stdin: false, stdinOnce: false, logPath: `${bundle}.logs/container.log.1`, ...more };
  }

  spec(id: string, args: string[], tty = false): OciSpec {
    return {
      ociVersion: "1.0.2",
      process: { ...this.process(args), terminal: tty },
      root: { path: this.rootfs },
      hostname: "fixture",
      mounts: [
        { destination: "/proc", type: "proc", source: "proc" },
        { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
        { destination: "/dev/pts", type: "devpts", source: "devpts", options: ["newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
      ],
      linux: {
        namespaces: [{ type: "pid" }, { type: "mount" }, { type: "ipc" }, { type: "uts" }, { type: "network" }],
        cgroupsPath: `${this.cgroupParent}/${id}`,
        resources: { devices: [{ allow: false, access: "rwm" }] },
      },
    };
  }

  process(args: string[]): OciSpec["process"] {
    const set = ["CAP_KILL", "CAP_SETUID", "CAP_SETGID"];
    return {
      user: { uid: 0, gid: 0 },
      args,
      env: ["PATH=/bin", "HOME=/"],
      cwd: "/",
      capabilities: { bounding: set, effective: set, permitted: set, inheritable: [], ambient: [] },
    };
  }

  async #makeRootfs(): Promise<void> {
    for (const name of ["bin", "proc", "sys", "dev", "tmp", "etc"]) await mkdir(`${this.rootfs}/${name}`, { recursive: true });
    await copyFile("/bin/busybox", `${this.rootfs}/bin/busybox`);
    for (const name of COMMANDS) await symlink("busybox", `${this.rootfs}/bin/${name}`);
    await writeFile(`${this.rootfs}/etc/not-executable`, "#!/bin/sh\n", { mode: 0o644 });
  }
}

/** Everything a stream says until it ends. */
export async function collect(output: AsyncIterable<OutputChunk>): Promise<{ stdout: string; stderr: string }> {
  const said = { stdout: "", stderr: "" };
  for await (const { stream, data } of output) said[stream] += Buffer.from(data).toString("latin1");
  return said;
}

/** Reads until the text is there, and leaves the rest to later calls. */
export class OutputReader {
  readonly #iterator: AsyncIterator<OutputChunk>;
  #text = "";

  constructor(streams: ContainerStreams) {
    this.#iterator = streams.output[Symbol.asyncIterator]();
  }

  async until(wanted: string | RegExp): Promise<string> {
    for (;;) {
      const found = typeof wanted === "string" ? this.#text.includes(wanted) : wanted.test(this.#text);
      if (found) return this.#text;
      const next = await this.#iterator.next();
      if (next.done === true) throw new Error(`the output ended without ${String(wanted)}: ${JSON.stringify(this.#text)}`);
      this.#text += Buffer.from(next.value.data).toString("latin1");
    }
  }
}

/** Creates and starts; the caller deletes. */
export async function run(driver: RuntimeDriver, request: LaunchRequest): Promise<string> {
  await driver.create(request, AbortSignal.timeout(30_000));
  await driver.start(request.id);
  return request.id;
}
