const LENGTH = 512;
const CHECKSUM = { from: 148, to: 156 };
const SPACE = 0x20;

/** Whether a block is the header of a tar entry: its checksum says so, in all of the format's dialects. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < LENGTH || block[0] === 0) return false;
  const written = Number.parseInt(
    Buffer.from(block.subarray(CHECKSUM.from, CHECKSUM.to)).toString("latin1").replaceAll("\0", " ").trim(),
    8,
  );
  let unsigned = 0;
  for (let at = 0; at < LENGTH; at++) unsigned += at >= CHECKSUM.from && at < CHECKSUM.to ? SPACE : (block[at] ?? 0);
  return written === unsigned;
}
