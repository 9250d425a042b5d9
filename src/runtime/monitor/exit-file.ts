import { readFile, stat } from "node:fs/promises";

export interface ExitFile {
  readonly exitCode: number;
  /** When it was written: the time of the end, however much later it is read. */
  readonly finishedAt: Date;
}

/** Undefined when the container has not ended, or nobody was there to write it down. */
export async function readExitFile(path: string): Promise<ExitFile | undefined> {
  try {
    const [text, { mtime }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
    return { exitCode: parseExitCode(text), finishedAt: mtime };
  } catch {
    return undefined;
  }
}

/** conmon writes -1 when it could not learn the status. A file that was damaged says nothing either, and must not say 0. */
export function parseExitCode(text: string): number {
  const code = /^\d{1,3}\s*$/.test(text) ? Number(text) : 255;
  return Math.min(code, 255);
}
