import type { StdPiece } from "#http/body/stdcopy.ts";

/** How a process that was run to its end has ended, and what it wrote; with a terminal all of it is `stdout`. */
export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** All of an output, as text: for processes whose output fits into memory. */
export async function collected(pieces: AsyncIterable<StdPiece>): Promise<Pick<RunResult, "stdout" | "stderr">> {
  const chunks: Record<"stdout" | "stderr", Uint8Array[]> = { stdout: [], stderr: [] };
  for await (const { stream, data } of pieces) chunks[stream === "stderr" ? "stderr" : "stdout"].push(data);
  return { stdout: Buffer.concat(chunks.stdout).toString(), stderr: Buffer.concat(chunks.stderr).toString() };
}
