import type { Socket } from "node:net";

/** What of Node's own handle of a socket is used here. It is not documented; the Node that runs the daemon is one that the package carries. */
interface Handle {
  readonly fd: number;
  reading: boolean;
  readStop(): number;
  readStart(): number;
}

/**
 * Has the event loop stop reading a socket, at once (`pause` lets more come until a buffer is full).
 *
 * @returns its descriptor, and how to go on; undefined where that cannot be had, and nothing was changed.
 */
export function stopReading(socket: Socket): { readonly fd: number; readonly goOn: () => void } | undefined {
  const handle = handleOf(socket);
  if (handle === undefined || handle.readStop() !== 0) return undefined;
  // Else the stream, whenever it is asked for more, would begin again.
  handle.reading = true;
  const goOn = (): void => {
    if (!socket.destroyed) handle.readStart();
  };
  return { fd: handle.fd, goOn };
}

/** Undefined where it cannot be had. */
export function descriptorOf(socket: Socket): number | undefined {
  return handleOf(socket)?.fd;
}

function handleOf(socket: Socket): Handle | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: Partial<Handle> | null };
  const fits =
    typeof handle?.fd === "number" && handle.fd >= 0 && typeof handle.readStop === "function" && typeof handle.readStart === "function";
  return fits ? (handle as Handle) : undefined;
}
