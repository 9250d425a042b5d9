import { DockerfileFault } from "./fault.ts";

/** Docker's own client refuses no size; a Dockerfile of megabytes is a mistake or an attack. */
const LARGEST_FILE = 4 * 1024 * 1024;
/** Of one line, as in BuildKit. */
const LONGEST_LINE = 65_535;

/** The text of a Dockerfile: UTF-8, a byte order mark taken away, bytes that are no UTF-8 replaced. @throws DockerfileFault */
export function decodeDockerfile(bytes: Uint8Array): string {
  if (bytes.length > LARGEST_FILE)
    throw new DockerfileFault(`the Dockerfile is larger than ${LARGEST_FILE} bytes`, [{ first: 1, last: 1 }]);
  return new TextDecoder().decode(bytes);
}

/** Lines with their line ends. @throws DockerfileFault */
export function linesOf(text: string): readonly string[] {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const tooLong = lines.findIndex((line) => line.length > LONGEST_LINE);
  if (tooLong < 0) return lines;
  const place = { first: tooLong + 1, last: tooLong + 1 };
  throw new DockerfileFault(`dockerfile line greater than max allowed size of ${LONGEST_LINE}`, [place]);
}
