import { Worker, type Transferable } from "node:worker_threads";

export interface WorkerPoolOptions {
  /** For messages and for the names of the threads. */
  readonly name: string;
  /** What the threads run; see `workerUrl`. */
  readonly url: URL;
  readonly threads: number;
  /** More than one only for jobs that wait for messages between short pieces of work. */
  readonly jobsPerThread: number;
  /** A thread without work ends after this long: an idle one still costs some 6 MB. */
  readonly idleMs: number;
  /** Heap limit of a thread: hostile input ends the job, not the process. */
  readonly heapMegabytes: number;
}

export interface JobOptions {
  readonly signal?: AbortSignal;
  readonly transfer?: readonly Transferable[];
  /** What the job reports on its way. */
  readonly onNote?: (note: unknown) => void;
}

/** What a thread is told (`JobMessage`), and what it answers (`JobAnswer`). */
export interface JobMessage {
  readonly id: number;
  readonly job: unknown;
  /** Its first word turns 1 when the job is cancelled: to be looked at between pieces of synchronous work. */
  readonly cancel: SharedArrayBuffer;
}
export type JobAnswer =
  | { readonly kind: "note"; readonly id: number; readonly note: unknown }
  | { readonly kind: "done"; readonly id: number; readonly result: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly failure: unknown };

/** A job threw; `failure` is what the job's side made of the error. */
export class WorkerJobFailure extends Error {
  override readonly name = "WorkerJobFailure";
  readonly failure: unknown;

  constructor(failure: unknown) {
    super("a job on a worker thread failed");
    this.failure = failure;
  }
}

interface Job {
  readonly message: JobMessage;
  readonly options: JobOptions;
  readonly settle: PromiseWithResolvers<unknown>;
}

interface Thread {
  readonly worker: Worker;
  readonly jobs: Map<number, Job>;
  idleTimer: NodeJS.Timeout | undefined;
}

/** Threads that start when there is work and end when there is none. Jobs wait in order for a free place. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #threads = new Set<Thread>();
  readonly #waiting: Job[] = [];
  #nextId = 1;
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /**
   * Runs a job; `job` is copied to the thread, and what `transfer` names is moved.
   *
   * @throws WorkerJobFailure when the job threw; the signal's reason when it was cancelled before a thread took it.
   */
  async run(job: unknown, options: JobOptions = {}): Promise<unknown> {
    options.signal?.throwIfAborted();
    if (this.#closed) throw new Error(`the ${this.#options.name} workers are closed`);
    const message = { id: this.#nextId++, job, cancel: new SharedArrayBuffer(4) };
    const entry: Job = { message, options, settle: Promise.withResolvers() };
    const cancel = (): void => {
      this.#cancel(entry);
    };
    options.signal?.addEventListener("abort", cancel, { once: true });
    this.#waiting.push(entry);
    this.#dispatch();
    try {
      return await entry.settle.promise;
    } finally {
      options.signal?.removeEventListener("abort", cancel);
    }
  }

  /** Ends every thread. Jobs that run are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting.splice(0)) job.settle.reject(new Error(`the ${this.#options.name} workers are closed`));
    await Promise.all([...this.#threads].map(({ worker }) => worker.terminate()));
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#freeThread();
      if (thread === undefined) return;
      start(thread, this.#waiting.shift() as Job);
    }
  }

  #freeThread(): Thread | undefined {
    const least = [...this.#threads].toSorted((a, b) => a.jobs.size - b.jobs.size)[0];
    if (least !== undefined && least.jobs.size === 0) return least;
    if (this.#threads.size < this.#options.threads) return this.#addThread();
    return least !== undefined && least.jobs.size < this.#options.jobsPerThread ? least : undefined;
  }

  #addThread(): Thread {
    const worker = new Worker(this.#options.url, {
      name: `dhow-${this.#options.name}`,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: this.#options.heapMegabytes },
    });
    const thread: Thread = { worker, jobs: new Map(), idleTimer: undefined };
    this.#threads.add(thread);
    worker.on("message", (answer: JobAnswer) => {
      this.#onAnswer(thread, answer);
    });
    worker.on("error", (error: Error) => {
      this.#drop(thread, error);
    });
    worker.on("exit", () => {
      this.#drop(thread, new Error(`a ${this.#options.name} worker ended early`));
    });
    return thread;
  }

  #onAnswer(thread: Thread, answer: JobAnswer): void {
    const job = thread.jobs.get(answer.id);
    if (job === undefined) return;
    if (answer.kind === "note") {
      job.options.onNote?.(answer.note);
      return;
    }
    thread.jobs.delete(answer.id);
    if (answer.kind === "done") job.settle.resolve(answer.result);
    else job.settle.reject(new WorkerJobFailure(answer.failure));
    if (thread.jobs.size === 0) this.#rest(thread);
    this.#dispatch();
  }

  #rest(thread: Thread): void {
    thread.worker.unref();
    thread.idleTimer = setTimeout(() => {
      this.#threads.delete(thread);
      void thread.worker.terminate();
    }, this.#options.idleMs).unref();
  }

  /** A thread that is gone takes its jobs with it, and no others. */
  #drop(thread: Thread, error: Error): void {
    clearTimeout(thread.idleTimer);
    this.#threads.delete(thread);
    for (const job of thread.jobs.values()) job.settle.reject(error);
    thread.jobs.clear();
    if (!this.#closed) this.#dispatch();
  }

  #cancel(job: Job): void {
    Atomics.store(new Int32Array(job.message.cancel), 0, 1);
    const place = this.#waiting.indexOf(job);
    if (place < 0) return;
    this.#waiting.splice(place, 1);
    job.settle.reject(job.options.signal?.reason as Error);
  }
}

function start(thread: Thread, job: Job): void {
  clearTimeout(thread.idleTimer);
  thread.idleTimer = undefined;
  thread.worker.ref();
  thread.jobs.set(job.message.id, job);
  thread.worker.postMessage(job.message, job.options.transfer ?? []);
}
