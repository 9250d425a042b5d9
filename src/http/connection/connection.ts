import type { Socket } from "node:net";
import { monotonicMs } from "#lib/monotonic.ts";
import { type Framing, HeadFraming } from "./framing.ts";
import { newHead, type Phase } from "./phase.ts";
import { descriptorOf, stopReading } from "./raw-reading.ts";
import { Side, type SideOwner, type WriteChunk, type WriteDone } from "./side.ts";

/** How a client came in. A browser can reach `tcp` alone without being let in. */
export type Transport = "unix" | "tcp" | "tls";

const NOTHING: Buffer = Buffer.alloc(0);
/** Input that is kept while a request is answered; more stays in the kernel. */
const MOST_HELD = 64 * 1024;
/**
 * A client that has closed and one that has only ended its input look the same. So after an end of input the request goes on
 * for this long, in ms: enough for a short answer, and for an attach to take the connection over.
 */
const HALF_CLOSE_MS = 500;

export interface ConnectionOptions {
  readonly transport: Transport;
  readonly lingerMs: number;
  /** Has a parser take a stream for its socket: the first, and another when one is left behind. */
  readonly attachParser: (side: Side) => void;
}

/** A socket whose body somebody else reads. The descriptor may be closed at any time. */
export interface LentSocket {
  readonly fd: number;
  readonly start: Uint8Array;
  /** @param rest what was read behind the body's end; undefined when the end was not reached. */
  readonly giveBack: (rest: Uint8Array | undefined) => void;
}

/**
 * One client's connection, between the socket and Node's HTTP parser. It gives the parser one message at a time, to the byte, and
 * the next one when the last is answered. So pipelined requests wait their turn; and when a request turns out to be an attach or
 * exec whose client types behind the body without having asked for an upgrade, what was typed is still here and not in the parser,
 * which would have taken it for a broken request (measured: Node 20 and 26 lose it).
 *
 * A body can be lent: then it passes neither the event loop nor the parser, whose reader waits for it in vain and gives way to a new one.
 *
 * Life: head → dispatch → body (→ lent) → answer → head …, or answer → raw after `hijack`; lingering after the last write.
 */
export class Connection implements SideOwner {
  readonly transport: Transport;
  /** Kept from the start: a socket that is gone no longer knows. */
  readonly peer: string | undefined;
  /** Called once when the client has gone while a request is under way: closed, or half-closed for a while (not after a hijack). */
  onGone: (() => void) | undefined;
  readonly #socket: Socket;
  readonly #lingerMs: number;
  readonly #attachParser: (side: Side) => void;
  #parserLeftBehind = false;
  #side: Side = new Side(this);
  #phase: Phase;
  #held: Buffer = NOTHING;
  #full = false;
  #ended = false;
  #pumping = false;
  #afterDrain: WriteDone | undefined;
  #onMessageEnd: (() => void)[] = [];
  #linger: NodeJS.Timeout | undefined;
  #halfClosed: NodeJS.Timeout | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.transport = options.transport;
    this.peer = socket.remoteAddress;
    this.#socket = socket;
    this.#lingerMs = options.lingerMs;
    this.#attachParser = options.attachParser;
    this.#phase = newHead();
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("end", () => this.#inputEnded());
    socket.on("drain", () => this.#drained());
    // Whatever breaks a socket closes it; "close" is where that is dealt with.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#closed());
    this.#attachParser(this.#side);
  }

  /** The stream that Node's HTTP server takes for a socket. */
  get parserSide(): Side {
    return this.#side;
  }

  /** Since when (ms of `monotonicMs`) the peer owes the rest of a head; undefined when it owes nothing. */
  headDue(): number | undefined {
    return this.#phase.kind === "head" && this.#phase.since > 0 ? this.#phase.since : undefined;
  }

  /** The socket of a stream whose client sends no more; it may have gone altogether, which a program that says nothing never shows. */
  halfClosed(): number | undefined {
    return this.#phase.kind === "raw" && this.#ended ? descriptorOf(this.#socket) : undefined;
  }

  /** True between two requests. */
  isIdle(): boolean {
    return this.#phase.kind === "head" && !this.#phase.framing.started;
  }

  /**
   * The parser has announced a request. `framing` says how long its body is; undefined is none.
   *
   * @returns false when the parser saw an end of head that this side did not: the two disagree, so the connection is dropped.
   */
  begin(framing: Framing | undefined): boolean {
    if (this.#phase.kind !== "dispatch") {
      this.destroy();
      return false;
    }
    this.#phase = framing === undefined || framing.done ? { kind: "answer" } : { kind: "body", framing, open: false, answered: false };
    return true;
  }

  /** The body goes to the parser from now on. */
  openBody(): void {
    if (this.#phase.kind !== "body" || this.#phase.open) return;
    this.#phase.open = true;
    this.#pump();
  }

  /**
   * Lets somebody else read the body off the socket, in its coding and to its end; he is first to take what was read already. Undefined when the
   * parser has begun with it, or the socket is none that others can read.
   */
  lendBody(): LentSocket | undefined {
    const phase = this.#phase;
    if (phase.kind !== "body" || phase.open || this.transport === "tls" || this.#ended || this.#socket.destroyed) return undefined;
    this.#phase = { kind: "lent", answered: phase.answered };
    // What is in the stream's own buffer comes to `#receive`.
    this.#socket.read();
    const stopped = stopReading(this.#socket);
    if (stopped === undefined) {
      this.#phase = phase;
      return undefined;
    }
    const start = this.#held;
    this.#held = NOTHING;
    this.#parserLeftBehind = true;
    return { fd: stopped.fd, start, giveBack: once((rest) => this.#takeBack(rest, stopped.goOn)) };
  }

  /** True once a body that was lent has come back before its end. */
  get isLost(): boolean {
    return this.#phase.kind === "lost";
  }

  /** Resolves when the whole request has been read off the wire. */
  messageEnd(): Promise<void> {
    this.openBody();
    if (this.#phase.kind !== "body" && this.#phase.kind !== "lent") return Promise.resolve();
    return new Promise((resolve) => void this.#onMessageEnd.push(resolve));
  }

  /** The answer is written: the next request may go to the parser. */
  answered(): void {
    const phase = this.#phase;
    if (phase.kind !== "body" && phase.kind !== "lent" && phase.kind !== "lost" && phase.kind !== "answer") return;
    this.onGone = undefined;
    if (this.#side.writableEnded) return;
    if (phase.kind === "lost") this.#side.end();
    else if (phase.kind === "answer") this.#nextMessage();
    else {
      phase.answered = true;
      this.openBody();
    }
  }

  /** Takes the connection from the parser. Undefined when the client is gone. */
  hijack(): Side | undefined {
    if (this.#phase.kind !== "answer" || this.#socket.destroyed) return undefined;
    const parserSide = this.#side;
    this.#phase = { kind: "raw" };
    this.#side = new Side(this);
    this.#full = false;
    parserSide.release();
    this.#pump();
    return this.#side;
  }

  /** Ends the connection in the middle of an answer, behind what was written of it. */
  breakOff(): void {
    this.#side.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  wantsInput(): void {
    this.#full = false;
    this.#pump();
  }

  write(chunk: Uint8Array | string, encoding: BufferEncoding, done: WriteDone): void {
    const flushed = typeof chunk === "string" ? this.#socket.write(chunk, encoding) : this.#socket.write(chunk);
    this.#written(flushed, done);
  }

  writeAll(chunks: readonly WriteChunk[], done: WriteDone): void {
    let flushed = true;
    this.#socket.cork();
    for (const { chunk, encoding } of chunks) {
      flushed = typeof chunk === "string" ? this.#socket.write(chunk, encoding) : this.#socket.write(chunk);
    }
    this.#socket.uncork();
    this.#written(flushed, done);
  }

  finish(done: WriteDone): void {
    if (this.#phase.kind !== "raw") this.#startLingering();
    this.#socket.end(() => done());
  }

  dropped(flushed: boolean): void {
    if (!flushed) this.#socket.destroy();
    else if (this.#ended) this.#socket.destroySoon();
  }

  /** After a hijack's handler has returned: ends the output, and does not wait long for the peer's own end. */
  endHijacked(): void {
    if (this.#phase.kind !== "raw") return;
    this.#startLingering();
    if (!this.#side.writableEnded) this.#side.end();
  }

  #startLingering(): void {
    this.#phase = { kind: "lingering" };
    this.#held = NOTHING;
    this.#side.resume();
    this.#socket.resume();
    const start = (): void => {
      this.#linger ??= setTimeout(() => this.destroy(), this.#lingerMs);
    };
    if (this.#socket.writableFinished) start();
    else this.#socket.once("finish", start);
  }

  #receive(chunk: Buffer): void {
    if (this.#phase.kind === "lingering") return;
    if (this.#phase.kind === "head" && this.#phase.since === 0) this.#phase.since = monotonicMs();
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#pump();
  }

  /** Not reentrant: what the parser calls back may change the phase, and the loop goes on from there. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#held.length > 0 && !this.#full && this.#feedOne());
    if (this.#ended && this.#held.length === 0) this.#passOnEnd();
    this.#pumping = false;
    if (this.#phase.kind === "lent") return;
    if (this.#full || this.#held.length >= MOST_HELD) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  /** Gives the side the next piece it may have. False when it may have none now. */
  #feedOne(): boolean {
    const phase = this.#phase;
    switch (phase.kind) {
      case "head":
        this.#feed(phase.framing.consume(this.#held), phase.framing.done ? { kind: "dispatch" } : phase);
        if (this.#isSwallowed()) this.destroy();
        return true;
      case "body": {
        if (!phase.open) return false;
        const length = phase.framing.consume(this.#held);
        this.#feed(length, phase.framing.done ? { kind: "answer" } : phase);
        if (phase.framing.done) this.#messageEnded(phase.answered);
        return true;
      }
      case "raw":
        this.#feed(this.#held.length, phase);
        return true;
      case "dispatch":
      case "lent":
      case "lost":
      case "answer":
      case "lingering":
        return false;
    }
  }

  #feed(length: number, next: Phase): void {
    const piece = this.#held.subarray(0, length);
    this.#held = length === this.#held.length ? NOTHING : this.#held.subarray(length);
    this.#phase = next;
    this.#full = !this.#side.push(piece);
  }

  /** The parser has a whole head and neither a request nor an error to show for it: it is waiting for HTTP/2. */
  #isSwallowed(): boolean {
    return this.#phase.kind === "dispatch" && this.#side.readableLength === 0 && !this.#side.writableEnded;
  }

  #messageEnded(answered: boolean): void {
    for (const resolve of this.#onMessageEnd.splice(0)) resolve();
    if (answered && this.#phase.kind === "answer") this.#nextMessage();
  }

  #takeBack(rest: Uint8Array | undefined, goOn: () => void): void {
    goOn();
    const phase = this.#phase;
    if (phase.kind !== "lent") return;
    if (rest === undefined) {
      this.#phase = { kind: "lost" };
      if (phase.answered) this.#side.end();
    } else {
      this.#phase = { kind: "answer" };
      this.#held = Buffer.from(rest);
      if (phase.answered) this.#nextMessage();
    }
    for (const resolve of this.#onMessageEnd.splice(0)) resolve();
  }

  #nextMessage(): void {
    if (this.#parserLeftBehind) this.#changeParser();
    this.#phase = { kind: "head", framing: new HeadFraming(), since: this.#held.length > 0 ? monotonicMs() : 0 };
    this.#pump();
  }

  /** The one that is here still waits for a body. */
  #changeParser(): void {
    const parserSide = this.#side;
    this.#parserLeftBehind = false;
    this.#side = new Side(this);
    this.#full = false;
    parserSide.release();
    this.#attachParser(this.#side);
  }

  #inputEnded(): void {
    this.#ended = true;
    if (this.#phase.kind !== "raw") {
      this.#halfClosed = setTimeout(() => {
        if (this.#phase.kind !== "raw") this.#gone();
      }, HALF_CLOSE_MS);
    }
    this.#pump();
  }

  #passOnEnd(): void {
    switch (this.#phase.kind) {
      case "head":
      case "body":
      case "raw":
        this.#full = true;
        if (!this.#side.readableEnded) this.#side.push(null);
        break;
      case "dispatch":
      case "lent":
      case "lost":
      case "answer":
      case "lingering":
        break;
    }
  }

  #written(flushed: boolean, done: WriteDone): void {
    if (flushed) done();
    else this.#afterDrain = done;
  }

  #drained(): void {
    const done = this.#afterDrain;
    this.#afterDrain = undefined;
    done?.();
  }

  #gone(): void {
    const callback = this.onGone;
    this.onGone = undefined;
    callback?.();
  }

  #closed(): void {
    clearTimeout(this.#linger);
    clearTimeout(this.#halfClosed);
    this.#held = NOTHING;
    this.#gone();
    this.#side.destroy();
    this.#afterDrain?.(new Error("the connection is closed"));
    this.#afterDrain = undefined;
    for (const resolve of this.#onMessageEnd.splice(0)) resolve();
  }
}

function once<T>(work: (value: T) => void): (value: T) => void {
  let done = false;
  return (value) => {
    if (!done) work(value);
    done = true;
  };
}
