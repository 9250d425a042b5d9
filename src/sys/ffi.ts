import koffi from "koffi";
import { getSystemErrorName } from "node:util";

/**
 * The one door to the C library. A file in sys/ declares the functions it needs with `libc("int mount(…)")` beside the code that
 * calls them; nothing outside sys/ sees a pointer. Every declaration is loaded when first called, so that importing sys/ on a
 * machine without glibc (a client on macOS) costs nothing and fails nothing.
 */
type ForeignFunction = (...parameters: unknown[]) => unknown;

/** A library that is part of the host, opened once. */
export interface ForeignLibrary {
  /** Declares a function by its C prototype. */
  sync(prototype: string): ForeignFunction;
  /** The same, run on a thread of libuv's pool. errno does not come back with the result; descriptors and memory are shared. */
  async(prototype: string): (...parameters: unknown[]) => Promise<unknown>;
}

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

/** Opens a library by its soname, by the dynamic loader's rules; undefined when this host has none. */
export function openLibrary(soname: string): ForeignLibrary | undefined {
  const handle = loadOrNothing(soname);
  if (handle === undefined) return undefined;
  return {
    sync: (prototype) => handle.func(prototype) as ForeignFunction,
    async: (prototype) => {
      const { async: start } = handle.func(prototype);
      return (...parameters) =>
        new Promise((resolve, reject) => {
          start(...parameters, (error: unknown, result: unknown) => {
            if (error instanceof Error) reject(error);
            else resolve(result);
          });
        });
    },
  };
}

function loadOrNothing(soname: string): ReturnType<typeof koffi.load> | undefined {
  try {
    return koffi.load(soname);
  } catch {
    return undefined;
  }
}

const memcpy = libc("uintptr_t memcpy(void *to, const void *from, size_t count)");

/**
 * Where a buffer lies, for structures that a library keeps pointers in. Its memory does not move; whoever takes the address keeps
 * the buffer alive for as long as the library may use it.
 */
export function addressOf(buffer: Uint8Array): bigint {
  // V8 keeps arrays of up to 64 bytes on its own heap, where they do move, until somebody asks for their `buffer`.
  if (buffer.buffer.byteLength === 0) return 0n;
  return BigInt(memcpy(buffer, buffer, 0) as number | bigint);
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
