/**
 * A path as the kernel has it: bytes, not text. One character for each byte (latin-1), so that a name that is not UTF-8, which an
 * image may well carry, survives, while `/`, `.` and the ASCII names that matter can be compared as strings.
 */
export type BytePath = string;

export function bytePathOf(text: string): BytePath {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** For people: bytes that are no UTF-8 become U+FFFD. */
export function shownPath(path: BytePath): string {
  return Buffer.from(path, "latin1").toString("utf8");
}

/** The bytes, with the NUL that ends a C string. */
export function cString(path: BytePath): Buffer {
  return Buffer.from(`${path}\0`, "latin1");
}
