import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./eventually.ts";
import { freePort } from "./registry.ts";

const SSHD = "/usr/sbin/sshd";

/** OpenSSH's server on loopback, with keys of its own; who logs in is root, and sees the host's files. */
export class SftpServer {
  /** Where files are that a client asks for by `files`. */
  readonly files: string;
  /** With `id` and `known_hosts`, for clients. */
  readonly keys: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "sftp-"));
  #port = 0;
  #process: ChildProcess | undefined;

  constructor() {
    this.files = join(this.#folder, "files");
    this.keys = join(this.#folder, "keys");
    for (const folder of [this.files, this.keys]) mkdirSync(folder);
    for (const key of ["keys/id", "host"]) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(this.#folder, key)]);
  }

  get port(): number {
    return this.#port;
  }

  /** On a port of its own, and then always on that one. No error when it runs. */
  async start(): Promise<void> {
    if (this.#process !== undefined) return;
    for (let attempt = 0; ; attempt++) {
      if (this.#port === 0) this.#choose(await freePort());
      const child = spawn(SSHD, ["-D", "-e", "-f", join(this.#folder, "config")], { stdio: ["ignore", "ignore", "pipe"] });
      let words = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (words += text));
      await eventually(() => {
        if (child.exitCode === null && !words.includes("Server listening")) throw new Error(`sshd does not listen: ${words}`);
      });
      if (child.exitCode === null) return void (this.#process = child);
      // Somebody else took the port in between.
      if (attempt === 5) throw new Error(words);
      this.#port = 0;
    }
  }

  /** Connections end in the middle of what they do, and there are no new ones until `start`. */
  async cut(): Promise<void> {
    const child = this.#process;
    if (child?.pid === undefined) return;
    const sessions = descendants(child.pid);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    for (const pid of sessions) kill(pid);
    this.#process = undefined;
  }

  async remove(): Promise<void> {
    await this.cut();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #choose(port: number): void {
    this.#port = port;
    mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    const lines = [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${join(this.#folder, "host")}`,
      `AuthorizedKeysFile ${join(this.#folder, "keys/id.pub")}`,
      "PidFile none",
      "PermitRootLogin prohibit-password",
      "PasswordAuthentication no",
      "StrictModes no",
      "UsePAM no",
      "Subsystem sftp internal-sftp",
    ];
    writeFileSync(join(this.#folder, "config"), `${lines.join("\n")}\n`);
    writeFileSync(join(this.keys, "known_hosts"), `[127.0.0.1]:${port} ${readFileSync(join(this.#folder, "host.pub"), "utf8")}`);
  }
}

function descendants(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended with its client.
  }
}
