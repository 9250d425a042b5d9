import { checked, libc } from "../ffi.ts";

const ioctl = libc("int ioctl(int fd, unsigned long request)");
const FIOCLEX = 0x5451;

/** Keeps a descriptor that this process was started with from the programs that it starts. @throws SystemCallError `EBADF`. */
export function closeOnExec(fd: number): void {
  checked("ioctl FIOCLEX", ioctl(fd, FIOCLEX));
}
