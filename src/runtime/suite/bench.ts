import type { ExecProcess, ExecRequest, LaunchRequest, RuntimeDriver } from "../contract.ts";
import { ContainerFixture, run } from "../contract.fixture.ts";

/** A driver under test, and what only its maker can see of it. */
export interface DriverUnderTest extends AsyncDisposable {
  readonly driver: RuntimeDriver;
  /** Another driver over the same folders, as a daemon that starts anew makes one. The first one is not used any more. */
  reopen(): Promise<RuntimeDriver>;
  /** Everything that is left on the host of the containers: paths, processes, cgroups. */
  residue(): Promise<string[]>;
}

export const SIGKILL = 9;
export const SIGTERM = 15;

export const timeout = (): AbortSignal => AbortSignal.timeout(30_000);

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Opened {
  readonly fixture: ContainerFixture;
  readonly subject: DriverUnderTest;
  driver: RuntimeDriver;
}

/** What the tests of the suite share: a driver, and the containers that a test has made. */
export class SuiteBench {
  readonly #open: (fixture: ContainerFixture) => Promise<DriverUnderTest>;
  #opened: Opened | undefined;
  readonly #made: string[] = [];

  constructor(open: (fixture: ContainerFixture) => Promise<DriverUnderTest>) {
    this.#open = open;
  }

  async open(): Promise<void> {
    const fixture = await ContainerFixture.open();
    const subject = await this.#open(fixture);
    this.#opened = { fixture, subject, driver: subject.driver };
  }

  async close(): Promise<void> {
    const { fixture, subject } = this.#now;
    await subject[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  }

  get driver(): RuntimeDriver {
    return this.#now.driver;
  }

  get fixture(): ContainerFixture {
    return this.#now.fixture;
  }

  async request(script: string, more: Partial<LaunchRequest> = {}): Promise<LaunchRequest> {
    const request = await this.fixture.request(script, more);
    this.#made.push(request.id);
    return request;
  }

  /** Creates and starts. */
  async start(script: string, more: Partial<LaunchRequest> = {}): Promise<string> {
    return run(this.driver, await this.request(script, more));
  }

  exec(id: string, args: string[], more: Partial<ExecRequest> = {}): Promise<ExecProcess> {
    const execId = `e${Math.random().toString(36).slice(2)}`;
    return this.driver.exec(id, { execId, process: this.fixture.process(args), tty: false, stdin: false, ...more }, timeout());
  }

  /** The daemon's restart. */
  async reopen(): Promise<void> {
    this.#now.driver = await this.#now.subject.reopen();
  }

  residue(): Promise<string[]> {
    return this.#now.subject.residue();
  }

  /** Deletes what a test has made. @throws when something is left all the same. */
  async clear(): Promise<void> {
    for (const id of this.#made.splice(0)) await this.driver.delete(id);
    // The parent of an exec'd process tells its exit code a moment before it ends itself.
    let left = await this.residue();
    for (let attempt = 0; left.length > 0 && attempt < 20; attempt++) {
      await pause(50);
      left = await this.residue();
    }
    if (left.length > 0) throw new Error(`the test has left ${left.join("\n")}`);
  }

  get #now(): Opened {
    if (this.#opened === undefined) throw new Error("the bench is not open");
    return this.#opened;
  }
}
