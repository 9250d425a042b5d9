import koffi from "koffi";
import { getSystemErrorName } from "node:util";

/**
 * The one door to the C library. A file in sys/ declares the functions it needs with `libc("int mount(…)")` beside the code that
 * calls them; nothing outside sys/ sees a pointer. Every declaration is loaded when first called, so that importing sys/ on a
 * machine without glibc (a client on macOS) costs nothing and fails nothing.
 */
type ForeignFunction = (...parameters: unknown[]) => unknown;

let library: ReturnType<typeof koffi.load> | undefined;

/** Declares a libc function by its C prototype. Returns the raw function: its result is not checked. */
export function libc(prototype: string): ForeignFunction {
  let loaded: ForeignFunction | undefined;
  return (...parameters) => {
    if (loaded === undefined) {
      library ??= koffi.load("libc.so.6");
      loaded = library.func(prototype) as ForeignFunction;
    }
    return loaded(...parameters);
  };
}

/** A system call that failed: `code` is the symbolic errno (`ENOENT`), as on Node's own errors. */
export class SystemCallError extends Error {
  override readonly name = "SystemCallError";
  readonly syscall: string;
  readonly errno: number;
  readonly code: string;
  readonly path: string | undefined;

  constructor(syscall: string, errno: number, path?: string) {
    const code = getSystemErrorName(-errno);
    super(path === undefined ? `${syscall}: ${code}` : `${syscall} ${path}: ${code}`);
    this.syscall = syscall;
    this.errno = errno;
    this.code = code;
    this.path = path;
  }
}

/**
 * Passes on a non-negative result as a number.
 *
 * @throws SystemCallError when the result is negative (errno is read at once: call this directly on the foreign call).
 */
export function checked(syscall: string, result: unknown, path?: string): number {
  const value = Number(result);
  if (value < 0) throw new SystemCallError(syscall, koffi.errno(), path);
  return value;
}

/** errno of the last foreign call of this thread. */
export function lastErrno(): number {
  return koffi.errno();
}
