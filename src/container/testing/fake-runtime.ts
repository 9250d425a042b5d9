import { EngineError } from "#errors/engine-error.ts";
import type {
  ContainerStreams,
  CreatedProcess,
  EarlyLaunchRequest,
  ExecProcess,
  ExecRequest,
  LaunchRequest,
  OutputChunk,
  ProcessExit,
  Recovered,
  RuntimeDriver,
  TerminalSize,
} from "#runtime/contract.ts";
import type { CgroupUsage } from "#sys/cgroup-usage/usage.ts";
import { FakePipe } from "./fake-pipe.ts";

interface FakeRun {
  readonly request: LaunchRequest;
  readonly pid: number;
  readonly pipes: FakePipe[];
  readonly exit: PromiseWithResolvers<ProcessExit>;
  started: boolean;
  paused: boolean;
  ended: boolean;
}

/** A runtime whose processes are values. A process lives until `finish`, or until a signal that it does not ignore. */
export class FakeRuntime implements RuntimeDriver {
  readonly features = {
    runtimes: [{ name: "crun", path: "/usr/bin/crun", version: "1" }],
    monitor: { path: "/usr/bin/conmon", version: "2" },
    cgroup: "v2" as const,
  };
  /** What was called, in order: `create <id>`, `kill <id> 15`. */
  readonly calls: string[] = [];
  readonly runs = new Map<string, FakeRun>();
  readonly execs: FakeExec[] = [];
  /** Signals that processes take no notice of. */
  readonly ignored = new Set<number>();
  /** Thrown by the call of that name, until it is taken out. */
  readonly failures = new Map<"create" | "start" | "attach" | "exec" | "update" | "kill", Error>();
  /** Exit codes of containers that end the moment they start. */
  instantExit: number | undefined;
  readonly updates: object[] = [];
  readonly oomListeners = new Map<string, (kills: number) => void>();
  readonly recoveries = new Map<string, Recovered>();
  #nextPid = 1000;
  #usages = 0;

  async create(request: LaunchRequest | EarlyLaunchRequest): Promise<CreatedProcess> {
    const spec = await request.spec;
    await this.#called("create", request.id);
    if (this.runs.has(request.id)) throw new EngineError("system", `${request.id} exists already`);
    const pid = (this.#nextPid += 1);
    this.runs.set(request.id, {
      request: { ...request, spec },
      pid,
      pipes: [],
      exit: Promise.withResolvers<ProcessExit>(),
      started: false,
      paused: false,
      ended: false,
    });
    return { pid };
  }

  async start(id: string): Promise<void> {
    await this.#called("start", id);
    this.#run(id).started = true;
    if (this.instantExit !== undefined) this.finish(id, this.instantExit);
  }

  async attach(id: string): Promise<ContainerStreams> {
    await this.#called("attach", id);
    const run = this.#run(id);
    if (run.ended) throw new EngineError("conflict", `container ${id} is not running`);
    const pipe = new FakePipe();
    run.pipes.push(pipe);
    return pipe;
  }

  async exited(id: string): Promise<ProcessExit> {
    return await this.#run(id).exit.promise;
  }

  watchOom(id: string, listener: (kills: number) => void): void {
    this.oomListeners.set(id, listener);
  }

  async kill(id: string, signal: number): Promise<void> {
    await this.#called("kill", id, signal);
    if (!this.ignored.has(signal)) this.finish(id, 128 + signal);
  }

  async pause(id: string): Promise<void> {
    await this.#called("pause", id);
    this.#run(id).paused = true;
  }

  async resume(id: string): Promise<void> {
    await this.#called("resume", id);
  }

  async resize(id: string, { rows, columns }: TerminalSize): Promise<void> {
    await this.#called("resize", id, rows, columns);
  }

  async exec(id: string, request: ExecRequest): Promise<ExecProcess> {
    await this.#called("exec", id);
    const exec = new FakeExec(request, (this.#nextPid += 1));
    this.execs.push(exec);
    return exec;
  }

  processes(id: string): Promise<number[]> {
    return Promise.resolve(this.runs.has(id) ? [process.pid] : []);
  }

  usage(id: string): CgroupUsage {
    this.calls.push(`usage ${id}`);
    this.#run(id);
    return fakeUsage(BigInt((this.#usages += 1)));
  }

  async update(id: string, resources: object): Promise<void> {
    await this.#called("update", id);
    this.updates.push(resources);
  }

  async delete(id: string): Promise<void> {
    await this.#called("delete", id);
    this.finish(id, 137);
    this.runs.delete(id);
  }

  recover(id: string): Promise<Recovered> {
    return Promise.resolve(this.recoveries.get(id) ?? { kind: "gone" });
  }

  /** The container's first process writes. */
  output(id: string, text: string, stream: OutputChunk["stream"] = "stdout"): void {
    for (const pipe of this.#run(id).pipes) pipe.emit({ stream, data: Buffer.from(text) });
  }

  /** The container's first process ends. */
  finish(id: string, exitCode: number, details: Partial<ProcessExit> = {}): void {
    const run = this.runs.get(id);
    if (run === undefined || run.ended) return;
    run.ended = true;
    for (const pipe of run.pipes) pipe.end();
    run.exit.resolve({ exitCode, finishedAt: new Date(), oomKilled: false, ...details });
  }

  /** A process that an earlier daemon started. */
  adopt(id: string, recovered: Recovered): void {
    this.recoveries.set(id, recovered);
    const request = { id, bundle: "", spec: {} as never, tty: false, stdin: false, stdinOnce: false, logPath: undefined };
    const exit = Promise.withResolvers<ProcessExit>();
    this.runs.set(id, { request, pid: 77, pipes: [], exit, started: true, paused: false, ended: false });
  }

  async #called(name: string, id: string, ...details: number[]): Promise<void> {
    this.calls.push([name, id, ...details].join(" "));
    await Promise.resolve();
    const failure = this.failures.get(name as "create");
    if (failure !== undefined) throw failure;
  }

  #run(id: string): FakeRun {
    const run = this.runs.get(id);
    if (run === undefined) throw new EngineError("conflict", `container ${id} is not running`);
    return run;
  }
}

/** Every reading has spent a nanosecond more. */
function fakeUsage(total: bigint): CgroupUsage {
  return {
    cpu: {
      total,
      kernel: 0n,
      user: 0n,
      perCpu: undefined,
      throttling: { periods: 0n, throttledPeriods: 0n, throttledTime: 0n },
    },
    memory: { usage: 10n, maxUsage: undefined, failures: 0n, limit: 2n ** 63n - 1n, stats: {} },
    blockIo: { bytes: [], operations: undefined },
    pids: { current: 1n, limit: undefined },
  };
}

/** One more process; `finish` ends it, its output only when `closeOutput` says so. */
export class FakeExec extends FakePipe implements ExecProcess {
  readonly request: ExecRequest;
  readonly pid: number;
  readonly exited: Promise<{ exitCode: number }>;
  readonly sizes: TerminalSize[] = [];
  readonly #exit = Promise.withResolvers<{ exitCode: number }>();

  constructor(request: ExecRequest, pid: number) {
    super();
    this.request = request;
    this.pid = pid;
    this.exited = this.#exit.promise;
  }

  finish(exitCode: number, closeOutput = true): void {
    this.#exit.resolve({ exitCode });
    if (closeOutput) this.end();
  }

  resize(size: TerminalSize): void {
    this.sizes.push(size);
  }

  readonly kills: (readonly [signal: number, target: string])[] = [];

  kill(signal: number, target = "process"): void {
    this.kills.push([signal, target]);
    this.finish(128 + signal);
  }
}
