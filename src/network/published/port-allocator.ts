import { EngineError } from "#errors/engine-error.ts";
import { SystemCallError } from "#sys/ffi.ts";
import type { HeldPort } from "#sys/host/host-port.ts";
import type { PortProtocol, PortRequest } from "./port-spec.ts";

export interface PublishedPort {
  readonly key: string;
  readonly protocol: PortProtocol;
  readonly port: number;
  readonly hostIp: string;
  /** 0 where none of the host's is taken. */
  readonly hostPort: number;
}

export interface PortAllocatorDeps {
  /** Takes a port for real. @throws SystemCallError */
  readonly hold: (protocol: PortProtocol, address: string, port: number) => HeldPort;
}

export interface PortAllocatorOptions {
  /** Where random ports come from: the host's own range for clients, net.ipv4.ip_local_port_range. */
  readonly random: { readonly first: number; readonly last: number };
}

/** Asks for a port once more that a container had. */
export function requestAgain({ hostIp, hostPort, ...port }: PublishedPort): PortRequest {
  if (hostPort === 0) return { ...port, hostIps: [], routed: [hostIp], hostPorts: undefined };
  return { ...port, hostIps: [hostIp], hostPorts: { first: hostPort, last: hostPort } };
}

const ANY: readonly string[] = ["0.0.0.0", "::"];

interface Reservation {
  readonly port: PublishedPort;
  /** Undefined where no port of the host is taken. */
  readonly socket: HeldPort | undefined;
}

/**
 * The host's ports that containers have. A port is reserved by holding a socket on it, so that the kernel itself decides between
 * us, other daemons and every other process, and says so at the time of asking.
 */
export class PortAllocator {
  readonly #hold: PortAllocatorDeps["hold"];
  readonly #random: PortAllocatorOptions["random"];
  readonly #byOwner = new Map<string, Reservation[]>();
  /** By `tcp/80`, whatever the address. */
  readonly #byPort = new Map<string, Reservation[]>();
  #lastRandom: number;

  constructor({ hold }: PortAllocatorDeps, { random }: PortAllocatorOptions) {
    this.#hold = hold;
    this.#random = random;
    this.#lastRandom = random.last;
  }

  /**
   * Reserves all that was asked for, or nothing.
   *
   * @param owner whose they are, for `release`.
   * @throws EngineError `exhausted`, with Docker's text, when one is taken or no random port is left.
   */
  reserve(owner: string, requests: readonly PortRequest[]): PublishedPort[] {
    const reserved: Reservation[] = [];
    try {
      for (const request of requests) reserved.push(...this.#reserveOne(request));
    } catch (error) {
      reserved.forEach((reservation) => this.#drop(reservation));
      throw error;
    }
    if (reserved.length > 0) this.#byOwner.set(owner, [...(this.#byOwner.get(owner) ?? []), ...reserved]);
    return reserved.map(({ port }) => port);
  }

  /** Missing is no error. */
  release(owner: string): void {
    this.#byOwner.get(owner)?.forEach((reservation) => this.#drop(reservation));
    this.#byOwner.delete(owner);
  }

  /** Some of an owner's; those that it does not have are no error. */
  releaseSome(owner: string, ports: readonly PublishedPort[]): void {
    const isMeant = ({ port }: Reservation): boolean =>
      ports.some(({ key, hostIp, hostPort }) => key === port.key && hostIp === port.hostIp && hostPort === port.hostPort);
    const all = this.#byOwner.get(owner) ?? [];
    all.filter(isMeant).forEach((reservation) => this.#drop(reservation));
    this.#byOwner.set(
      owner,
      all.filter((reservation) => !isMeant(reservation)),
    );
  }

  releaseAll(): void {
    for (const owner of this.#byOwner.keys()) this.release(owner);
  }

  #reserveOne(request: PortRequest): Reservation[] {
    const { key, protocol, port, hostIps, routed = [] } = request;
    const open = routed.map((hostIp) => ({ port: { key, protocol, port, hostIp, hostPort: 0 }, socket: undefined }));
    return hostIps.length === 0 ? open : [...this.#reserveOnHost(request), ...open];
  }

  #reserveOnHost(request: PortRequest): Reservation[] {
    if (request.hostPorts === undefined) return this.#reserveRandom(request);
    return firstThatWorks(range(request.hostPorts), (hostPort) => this.#takeAll(request, hostPort));
  }

  #reserveRandom(request: PortRequest): Reservation[] {
    const { first, last } = this.#random;
    for (const port of inTurn(first, last, this.#lastRandom)) {
      this.#lastRandom = port;
      const reservations = unlessTaken(() => this.#takeAll(request, port));
      if (reservations !== undefined) return reservations;
    }
    throw new EngineError("exhausted", `Bind for ${placeOf(request.hostIps[0] ?? "", 0)} failed: all ports are allocated`);
  }

  /** On every address, or on none. */
  #takeAll(request: PortRequest, hostPort: number): Reservation[] {
    const reserved: Reservation[] = [];
    try {
      for (const hostIp of request.hostIps) reserved.push(this.#take(request, hostIp, hostPort));
      return reserved;
    } catch (error) {
      reserved.forEach((reservation) => this.#drop(reservation));
      throw error;
    }
  }

  #take({ key, protocol, port }: PortRequest, hostIp: string, hostPort: number): Reservation {
    const place = `${protocol}/${hostPort}`;
    const others = this.#byPort.get(place) ?? [];
    // A container of ours has it: Docker's own words, which clients look for.
    if (others.some(({ port: other }) => meet(other.hostIp, hostIp))) {
      throw taken(`Bind for ${placeOf(hostIp, hostPort)} failed: port is already allocated`);
    }
    const reservation = { port: { key, protocol, port, hostIp, hostPort }, socket: this.#open(protocol, hostIp, hostPort) };
    this.#byPort.set(place, [...others, reservation]);
    return reservation;
  }

  #drop(reservation: Reservation): void {
    if (reservation.socket === undefined) return;
    reservation.socket.release();
    const place = `${reservation.port.protocol}/${reservation.port.hostPort}`;
    const others = this.#byPort.get(place)?.filter((other) => other !== reservation) ?? [];
    if (others.length > 0) this.#byPort.set(place, others);
    else this.#byPort.delete(place);
  }

  #open(protocol: PortProtocol, hostIp: string, hostPort: number): HeldPort {
    try {
      return this.#hold(protocol, hostIp, hostPort);
    } catch (cause) {
      throw bindError(cause, `failed to bind host port ${placeOf(hostIp, hostPort)}/${protocol}`);
    }
  }
}

/** Whether two addresses of the host have an address in common. */
function meet(one: string, other: string): boolean {
  if (one.includes(":") !== other.includes(":")) return false;
  return one === other || ANY.includes(one) || ANY.includes(other);
}

function placeOf(hostIp: string, hostPort: number): string {
  return hostIp.includes(":") ? `[${hostIp}]:${hostPort}` : `${hostIp}:${hostPort}`;
}

const TAKEN = "port-taken";

function taken(message: string, cause?: unknown): EngineError {
  // A host port is one of a pool: Docker answers 500, and clients look for the text.
  return new EngineError("exhausted", message, { code: TAKEN, cause });
}

/** The kernel's words as the C library has them, which is how Docker's clients know them. */
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "cannot assign requested address",
  EACCES: "permission denied",
};

function bindError(cause: unknown, message: string): unknown {
  if (!(cause instanceof SystemCallError)) return cause;
  const text = `${message}: ${REASONS[cause.code] ?? cause.code}`;
  return cause.code === "EADDRINUSE" ? taken(text, cause) : new EngineError("invalid", text, { cause });
}

function* range({ first, last }: { first: number; last: number }): Generator<number> {
  for (let port = first; port <= last; port++) yield port;
}

/** All of them, from the one after `previous` around. */
function* inTurn(first: number, last: number, previous: number): Generator<number> {
  yield* range({ first: previous + 1, last });
  yield* range({ first, last: previous });
}

/** Undefined when the port is taken; any other failure is passed on. */
function unlessTaken<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof EngineError && error.code === TAKEN) return undefined;
    throw error;
  }
}

/** Of a range the first free port; when none is, the failure of the first. */
function firstThatWorks<T>(ports: Iterable<number>, attempt: (port: number) => T): T {
  let failure: unknown;
  for (const port of ports) {
    try {
      return attempt(port);
    } catch (error) {
      if (!(error instanceof EngineError && error.code === TAKEN)) throw error;
      failure ??= error;
    }
  }
  throw failure;
}
