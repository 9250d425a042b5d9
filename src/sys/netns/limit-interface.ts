import { SystemCallError } from "#sys/ffi.ts";
import { createIfb, deleteLink, getLink, parseLink, setLinkUp } from "../netlink/link.ts";
import type { NetlinkSocket } from "../netlink/socket.ts";
import { addIngress, redirectIngress, removeIngress, removeRootQueue, setTokenBucket, type TokenBucket } from "../netlink/traffic.ts";
import type { InterfaceLimits } from "./host-network.ts";

/** The network worker's side of `HostLinks.limitInterface`. */
export function limitInterface(socket: NetlinkSocket, limits: InterfaceLimits): void {
  const what = `limit of ${limits.hostName}`;
  const index = indexOf(socket, limits.hostName);
  if (limits.in === undefined) withoutError(() => socket.request(what, removeRootQueue(index)), "ENOENT", "EINVAL");
  else socket.request(what, setTokenBucket(index, limits.in));
  if (limits.out === undefined) unlimitSending(socket, index, limits);
  else limitSending(socket, index, limits.outName, limits.out);
}

/** The queue is made before anything is sent there, and the way there is made anew: it may be half made. */
function limitSending(socket: NetlinkSocket, index: number, outName: string, bucket: TokenBucket): void {
  const what = `limit by ${outName}`;
  withoutError(() => socket.request(what, createIfb(outName)), "EEXIST");
  const queue = indexOf(socket, outName);
  socket.request(what, setTokenBucket(queue, bucket), setLinkUp(queue));
  withoutIngress(socket, index, what);
  socket.request(what, addIngress(index), redirectIngress(index, queue));
}

function unlimitSending(socket: NetlinkSocket, index: number, { outName }: InterfaceLimits): void {
  const what = `limit by ${outName}`;
  withoutIngress(socket, index, what);
  withoutError(() => socket.request(what, deleteLink(outName)), "ENODEV");
}

function withoutIngress(socket: NetlinkSocket, index: number, what: string): void {
  withoutError(() => socket.request(what, removeIngress(index)), "ENOENT", "EINVAL");
}

function indexOf(socket: NetlinkSocket, name: string): number {
  return parseLink(socket.query(`link ${name}`, getLink(name))).index;
}

/** The kernel says ENOENT or EINVAL of a queue that is not there, by version. */
function withoutError(work: () => void, ...codes: readonly string[]): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof SystemCallError && codes.includes(error.code))) throw error;
  }
}
