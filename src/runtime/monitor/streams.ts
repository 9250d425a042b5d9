import type { ContainerStreams, OutputChunk } from "../contract.ts";
import type { OutputHub } from "./output-hub.ts";
import type { OutputQueue } from "./output-queue.ts";
import type { StdinPort } from "./stdin-port.ts";

/**
 * How a client's bytes get to the container: straight into its stdin; by the monitor, where the kernel does not let the daemon take
 * the descriptor; or not at all.
 */
export type StdinRoute = { readonly kind: "direct"; readonly port: StdinPort } | { readonly kind: "relay" } | { readonly kind: "none" };

export interface StreamOptions {
  readonly stdin: StdinRoute;
  /** Whether the end of this client's input is the end of the container's stdin. */
  readonly endsStdin: boolean;
  /** Called once, after the client let go. */
  readonly onClose: () => void;
}

/** One client of a container. */
export class ClientStreams implements ContainerStreams {
  readonly output: AsyncIterable<OutputChunk>;
  readonly #hub: OutputHub;
  readonly #queue: OutputQueue;
  readonly #options: StreamOptions;
  #closed = false;

  constructor(hub: OutputHub, options: StreamOptions) {
    this.#hub = hub;
    this.#options = options;
    this.#queue = hub.join();
    this.output = this.#queue.read();
  }

  async write(data: Uint8Array): Promise<void> {
    const { stdin } = this.#options;
    if (stdin.kind === "direct") await stdin.port.write(data);
    else if (stdin.kind === "relay") await this.#hub.relay(data);
  }

  closeStdin(): void {
    const { stdin, endsStdin } = this.#options;
    if (!endsStdin || stdin.kind === "none") return;
    if (stdin.kind === "direct") stdin.port.close();
    this.#hub.endInput();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#hub.leave(this.#queue);
    this.#options.onClose();
  }
}
