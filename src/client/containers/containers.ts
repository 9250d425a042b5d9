import type { StdPiece } from "#http/body/stdcopy.ts";
import type {
  ContainerConfig,
  ContainerCreateBody,
  ContainerStatsResponse,
  ContainerTopResponse,
  ContainerUpdateBody,
  FilesystemChange,
} from "#spec/docker-api/types.ts";
import type { DnsTrace } from "#spec/network/dns-trace.ts";
import type { PortChange } from "#spec/network/port-change.ts";
import type { RateChange } from "#spec/network/rate.ts";
import type { InspectedContainer, ListedContainer } from "../answers.ts";
import type { Caller } from "../caller.ts";
import type { RunResult } from "../collected.ts";
import { type PathStat, readFiles, statPath, type WriteOptions, writeFiles } from "./files.ts";
import { runContainer } from "./run.ts";
import { type AttachOptions, attachTo, type Exit, logsOf, type LogsOptions, waitFor, type WaitOptions } from "./streams.ts";
import { prune, type Pruned, type PruneOptions } from "../prune.ts";
import { encodeFilters, encodeName, type QueryFilters } from "../query.ts";
import type { RawSession } from "../raw-session.ts";

export interface CreateOptions {
  readonly name?: string | undefined;
  /** `linux/arm64` */
  readonly platform?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CreatedContainer {
  readonly Id: string;
  readonly Warnings: readonly string[] | null;
}

export interface ContainerListOptions {
  /** Also those that do not run. */
  readonly all?: boolean;
  readonly limit?: number;
  readonly size?: boolean;
  readonly filters?: QueryFilters;
}

export interface CommitOptions {
  readonly repo?: string;
  readonly tag?: string;
  readonly comment?: string;
  readonly author?: string;
  /** Keep it running meanwhile: files that it is writing may be half there. */
  readonly pause?: boolean;
  /** Instructions as of a Dockerfile: `CMD ["sh"]`. */
  readonly changes?: readonly string[];
  /** Instead of its own configuration. */
  readonly config?: ContainerConfig;
}

export interface StopOptions {
  readonly signal?: string | undefined;
  /** Seconds until it is killed; -1 waits for ever. */
  readonly timeout?: number | undefined;
}

export interface RemoveOptions {
  readonly force?: boolean;
  /** Its anonymous volumes, too. */
  readonly volumes?: boolean;
  readonly link?: boolean;
}

/** Containers, each named by id, a beginning of it, or name. Rejects with ApiError 404 for one that is not there. */
export class ContainersClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  create(body: ContainerCreateBody, { name, platform, signal }: CreateOptions = {}): Promise<CreatedContainer> {
    return this.#caller.json("POST /containers/create", { query: { name, platform }, json: body, signal });
  }

  /** Runs one to its end and removes it, also when the signal says so: for programs whose output fits into memory. */
  run(body: ContainerCreateBody, options: CreateOptions = {}): Promise<RunResult> {
    return runContainer(this, body, options);
  }

  /** How its question for a name is answered: Dhow's own. */
  traceName(id: string, { name, type }: { readonly name: string; readonly type?: string | undefined }): Promise<DnsTrace> {
    return this.#caller.json(`GET /containers/${encodeName(id)}/dns`, { query: { name, type } });
  }

  list({ all, limit, size, filters }: ContainerListOptions = {}): Promise<ListedContainer[]> {
    return this.#caller.json("GET /containers/json", { query: { all, limit, size, filters: encodeFilters(filters) } });
  }

  /**
   * Changes limits, the restart policy, and the network rate, which is Dhow's own: the fields of rateLabels in spec/network/rate.ts; an
   * empty text takes a limit away.
   */
  update(
    id: string,
    body: ContainerUpdateBody & { readonly NetworkRate?: RateChange; readonly Publish?: PortChange },
  ): Promise<{ readonly Warnings: readonly string[] | null }> {
    return this.#caller.json(`POST /containers/${encodeName(id)}/update`, { json: body });
  }

  inspect(id: string, { size }: { readonly size?: boolean } = {}): Promise<InspectedContainer> {
    return this.#caller.json(`GET /containers/${encodeName(id)}/json`, { query: { size } });
  }

  start(id: string, { detachKeys }: { readonly detachKeys?: string | undefined } = {}): Promise<void> {
    return this.#caller.send(`POST /containers/${encodeName(id)}/start`, { query: { detachKeys } });
  }

  stop(id: string, { signal, timeout }: StopOptions = {}): Promise<void> {
    return this.#caller.send(`POST /containers/${encodeName(id)}/stop`, { query: { signal, t: timeout } });
  }

  restart(id: string, { signal, timeout }: StopOptions = {}): Promise<void> {
    return this.#caller.send(`POST /containers/${encodeName(id)}/restart`, { query: { signal, t: timeout } });
  }

  kill(id: string, { signal }: { readonly signal?: string | undefined } = {}): Promise<void> {
    return this.#caller.send(`POST /containers/${encodeName(id)}/kill`, { query: { signal } });
  }

  pause(id: string): Promise<void> {
    return this.#caller.send(`POST /containers/${encodeName(id)}/pause`);
  }

  unpause(id: string): Promise<void> {
    return this.#caller.send(`POST /containers/${encodeName(id)}/unpause`);
  }

  rename(id: string, name: string): Promise<void> {
    return this.#caller.send(`POST /containers/${encodeName(id)}/rename`, { query: { name } });
  }

  remove(id: string, { force, volumes, link }: RemoveOptions = {}): Promise<void> {
    return this.#caller.send(`DELETE /containers/${encodeName(id)}`, { query: { force, v: volumes, link } });
  }

  top(id: string, psArguments?: string): Promise<ContainerTopResponse> {
    return this.#caller.json(`GET /containers/${encodeName(id)}/top`, { query: { ps_args: psArguments } });
  }

  resize(id: string, { rows, columns }: { readonly rows: number; readonly columns: number }): Promise<void> {
    return this.#caller.send(`POST /containers/${encodeName(id)}/resize`, { query: { h: rows, w: columns } });
  }

  /** Resolves when the daemon waits; `exit` when it is over. So what is started after this cannot end unseen. */
  waiting(id: string, options: WaitOptions = {}): Promise<{ readonly exit: Promise<Exit> }> {
    return waitFor(this.#caller, id, options);
  }

  async wait(id: string, options: WaitOptions = {}): Promise<Exit> {
    const { exit } = await waitFor(this.#caller, id, options);
    return exit;
  }

  /** Both streams unless told otherwise. Resolves when the daemon has begun to answer. */
  logs(id: string, options: LogsOptions = {}): Promise<AsyncGenerator<StdPiece>> {
    return logsOf(this.#caller, id, options);
  }

  /** Output unless told otherwise, and no input. What the container writes once this has resolved is in the stream. */
  attach(id: string, options: AttachOptions = {}): Promise<RawSession> {
    return attachTo(this.#caller, id, options);
  }

  /** What it uses, sampled about once a second, until it ends or the signal says so. */
  stats(id: string, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<AsyncGenerator<ContainerStatsResponse>> {
    return this.#caller.lines(`GET /containers/${encodeName(id)}/stats`, { query: { stream: true }, signal });
  }

  /** What it uses now, at once: without an earlier sample to compare with. */
  sample(id: string): Promise<ContainerStatsResponse> {
    return this.#caller.json(`GET /containers/${encodeName(id)}/stats`, { query: { stream: false, "one-shot": true } });
  }

  /** Files that are not as in its image. */
  async changes(id: string): Promise<FilesystemChange[]> {
    return (await this.#caller.json<FilesystemChange[] | null>(`GET /containers/${encodeName(id)}/changes`)) ?? [];
  }

  /** Its whole file system, without what is mounted, as a tar. */
  async export(id: string, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<AsyncIterable<Uint8Array>> {
    return (await this.#caller.stream(`GET /containers/${encodeName(id)}/export`, { signal })).body;
  }

  /** Makes an image of it. */
  commit(id: string, { config = {}, ...options }: CommitOptions = {}): Promise<{ readonly Id: string }> {
    return this.#caller.json("POST /commit", { query: { container: id, ...options }, json: config });
  }

  /** @throws ApiError 404 where there is nothing. */
  stat(id: string, path: string): Promise<PathStat> {
    return statPath(this.#caller, id, path);
  }

  /** A file, or a folder with all below it, as a tar whose names begin with the path's last part. */
  readFiles(id: string, path: string, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<AsyncIterable<Uint8Array>> {
    return readFiles(this.#caller, id, { path, signal });
  }

  /** Unpacks a tar, compressed or not, into a folder that is there. */
  writeFiles(id: string, folder: string, archive: AsyncIterable<Uint8Array>, options: WriteOptions = {}): Promise<void> {
    return writeFiles(this.#caller, id, { folder, archive, ...options });
  }

  /** Removes those that do not run. */
  prune(options: PruneOptions = {}): Promise<Pruned> {
    return prune(this.#caller, "containers", options);
  }
}
