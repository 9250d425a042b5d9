import type { LogLayout } from "../layout.ts";
import type { FoundFile } from "../log-folder.ts";

/**
 * Which files have to go before the monitor may fill one: afterwards there is room for all of that.
 *
 * @param files oldest first, without the one that is about to be written unless that has something in it.
 * @param places how many of them may stay.
 */
export function surplus<File extends Pick<FoundFile, "bytes">>(files: readonly File[], layout: LogLayout, places: number): File[] {
  const room = layout.fileBytes * (layout.files - 1);
  let kept = 0;
  let bytes = 0;
  for (const file of files.toReversed()) {
    bytes += file.bytes;
    if (kept === places || bytes > room) break;
    kept++;
  }
  return files.slice(0, files.length - kept);
}

/**
 * Whether a run goes on in the file that the last one ended in. conmon (2.1.6) does not count what is in it already, so a file can
 * become half as long again as it should: `surplus` makes up for that among the older ones.
 */
export function isContinued(newest: Pick<FoundFile, "bytes" | "compressed">, { fileBytes }: LogLayout): boolean {
  return !newest.compressed && newest.bytes <= fileBytes / 2;
}
