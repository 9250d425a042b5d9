import type { ContainerStreams } from "#runtime/contract.ts";

/** One client that attached to a container which does not run yet. */
export class PendingAttachment {
  /** The streams of the next run, connected before its first byte; undefined when that run did not come about. */
  readonly streams: Promise<ContainerStreams | undefined>;
  readonly #resolve: (streams: ContainerStreams | undefined) => void;
  #cancelled = false;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<ContainerStreams | undefined>();
    this.streams = promise;
    this.#resolve = resolve;
  }

  hand(streams: ContainerStreams | undefined): void {
    if (this.#cancelled) streams?.close();
    else this.#resolve(streams);
  }

  /** The client went away. */
  cancel(): void {
    this.#resolve(undefined);
    this.#cancelled = true;
  }
}

/** Clients that attached to containers before these run: `docker run` attaches, then starts. */
export class PendingAttachments {
  readonly #waiting = new Map<string, Set<PendingAttachment>>();

  add(id: string): PendingAttachment {
    const attachment = new PendingAttachment();
    this.#waiting.set(id, (this.#waiting.get(id) ?? new Set()).add(attachment));
    return attachment;
  }

  /** Of a client that no longer waits. */
  drop(id: string, attachment: PendingAttachment): void {
    attachment.cancel();
    const waiting = this.#waiting.get(id);
    if (waiting?.delete(attachment) === true && waiting.size === 0) this.#waiting.delete(id);
  }

  /** Called between the creation of a process and its start. @throws what `attach` throws; nobody is left waiting then. */
  async connect(id: string, attach: () => Promise<ContainerStreams>): Promise<void> {
    const waiting = this.#take(id);
    try {
      for (const attachment of waiting) attachment.hand(await attach());
    } finally {
      for (const attachment of waiting) attachment.hand(undefined);
    }
  }

  /** There is no next run for those who wait: its start failed, or the container is gone. */
  end(id: string): void {
    for (const attachment of this.#take(id)) attachment.hand(undefined);
  }

  #take(id: string): PendingAttachment[] {
    const waiting = [...(this.#waiting.get(id) ?? [])];
    this.#waiting.delete(id);
    return waiting;
  }
}
