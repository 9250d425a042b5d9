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

/** conmon writes -1 when it could not learn the status. */
export function parseExitCode(text: string): number {
  const code = Number.parseInt(text, 10);
  return code >= 0 && code <= 255 ? code : 255;
}
