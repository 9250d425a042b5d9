import { type FileHandle, open, rename } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { MonitorLog } from "../contract.ts";

const BASE = Date.UTC(2026, 0, 1);

/**
 * A monitor as far as its log goes: it opens and renames files as conmon does (ctr_logging.c), and waits where conmon would. Each line
 * is `<number>`, and a second later than the one before.
 */
export class TestMonitor implements AsyncDisposable {
  readonly #log: MonitorLog;
  #file: FileHandle;
  #bytes = 0;
  written = 0;

  private constructor(log: MonitorLog, file: FileHandle) {
    this.#log = log;
    this.#file = file;
  }

  static async start(log: MonitorLog, from = 0): Promise<TestMonitor> {
    const monitor = new TestMonitor(log, await open(log.path, "a", 0o640));
    monitor.written = from;
    return monitor;
  }

  /** Writes the next lines. */
  async write(count: number, pause?: () => Promise<void>): Promise<void> {
    for (let n = 0; n < count; n++) {
      const time = new Date(BASE + this.written * 1000).toISOString().replace("Z", "000000+00:00");
      await this.#append(`${time} stdout F ${this.written}\n`);
      this.written++;
      await pause?.();
    }
  }

  /** Writes a line, and waits, until it is told to stop. */
  async writeUntil(over: () => boolean, pauseMs: number): Promise<void> {
    while (!over()) {
      await this.write(1);
      await setTimeout(pauseMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #append(line: string): Promise<void> {
    if (this.#bytes + line.length > this.#log.fileBytes) await this.#reopen();
    this.#bytes += line.length;
    await this.#file.appendFile(line);
  }

  async #reopen(): Promise<void> {
    this.#bytes = 0;
    await this.#file.close();
    this.#file = await open(`${this.#log.path}.tmp`, "w", 0o600);
    await rename(`${this.#log.path}.tmp`, this.#log.path);
  }
}
