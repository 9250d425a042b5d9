import type { HttpRequest, RawReply } from "#http/answer.ts";
import type { Logger } from "#lib/logger.ts";
import type { Access, Action, Principal } from "./access.ts";
import type { RepositoryName } from "./protocol/names.ts";
import type { Target } from "./protocol/target.ts";
import type { Repositories, WritableRepositories } from "./repositories/contract.ts";
import type { Quotas } from "./repositories/quota.ts";
import type { Uploads } from "./uploads/uploads.ts";

/** What the operations work with. */
export interface RegistryContext {
  readonly repositories: Repositories;
  /** Undefined for one that only shows what is there. */
  readonly writes: WriteContext | undefined;
  /** Undefined where all repositories are our own. */
  readonly copies?: Copies | undefined;
  readonly access: Access;
  readonly logger: Logger;
  readonly limits: RegistryLimits;
}

/** Repositories that are copies of another registry's. */
export interface Copies {
  isCopy(name: RepositoryName): boolean;
  /** What a repository of that registry is called here; undefined when none of that registry's is. */
  nameOf(registry: string, repository: RepositoryName): RepositoryName | undefined;
}

export interface WriteContext {
  readonly repositories: WritableRepositories;
  readonly uploads: Uploads;
  readonly quotas: Quotas;
}

export interface RegistryLimits {
  /** Most bytes of a blob. */
  readonly blobBytes: number;
  /** So long a client may send nothing in the middle of a body, ms. */
  readonly stallMs: number;
}

/** One request, by somebody who may make it. */
export interface Call<K extends Target["kind"] = Target["kind"]> {
  readonly request: HttpRequest;
  readonly target: Extract<Target, { kind: K }>;
  readonly query: URLSearchParams;
  readonly principal: Principal;
}

/** One method of one kind of path. */
export interface Operation<K extends Target["kind"]> {
  /** What it takes; undefined where the operation looks after that itself. */
  readonly action: Action | undefined;
  run(context: RegistryContext, call: Call<K>): Promise<RawReply>;
}

export function repositoryPath(name: RepositoryName, rest: string): string {
  return `/v2/${name}/${rest}`;
}

export function reply(status: number, headers: Readonly<Record<string, string>>, body?: RawReply["body"]): RawReply {
  return { kind: "raw", status, headers, body };
}

export function jsonReply(body: unknown, headers: Readonly<Record<string, string>> = {}, contentType = "application/json"): RawReply {
  return reply(200, { "Content-Type": contentType, ...headers }, JSON.stringify(body));
}

/** A header that can be sent once. */
export function headerOf({ headers }: Pick<HttpRequest, "headers">, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
}
