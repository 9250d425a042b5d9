import { toggle, type Flag } from "../arguments/flag.ts";
import type { ContainerConfig, HostConfig } from "#spec/docker-api/types.ts";
import type { CreateRequest, FlagContext } from "./request.ts";

/** What one use of a flag does to the request. */
export type Apply = (request: CreateRequest, context: FlagContext) => void;

/** A flag of `run` that fills in the request; each use of it counts, in order. */
export type RunFlag = Flag<readonly Apply[]>;
export type RunFlags = Readonly<Record<string, RunFlag>>;

export interface RunFlagUsage {
  readonly help: string;
  readonly value?: string;
  readonly short?: string;
}

/**
 * @param read makes a value of the text; what it throws is told with the flag's name.
 * @param apply puts the value into the request.
 */
export function runFlag<T>(
  { help, value = "string", short }: RunFlagUsage,
  read: (text: string) => T,
  apply: (request: CreateRequest, value: T, context: FlagContext) => void,
): RunFlag {
  return {
    short,
    value,
    help,
    initial: [],
    read: (text, before) => {
      const wanted = read(text);
      return [...before, (request, context) => apply(request, wanted, context)];
    },
  };
}

/** A flag that takes no value. */
export function runToggle(help: string, apply: (request: CreateRequest, on: boolean) => void, short?: string): RunFlag {
  const onOrOff = toggle(help);
  const flag = runFlag({ help, ...(short === undefined ? {} : { short }) }, (text) => onOrOff.read(text, false), apply);
  return { ...flag, value: undefined };
}

/** The text as it is. */
export const asIs = (text: string): string => text;

type ItemOf<T> = NonNullable<T> extends (infer Item)[] ? Item : never;
type ValueOf<T> = NonNullable<T> extends Record<string, infer Value> ? Value : never;

/** Sets a field of the container's own configuration. */
export function own<K extends keyof ContainerConfig>(key: K): (request: CreateRequest, value: NonNullable<ContainerConfig[K]>) => void {
  return ({ config }, value) => void (config[key] = value);
}

/** Sets a field of what the host is to do. */
export function host<K extends keyof HostConfig>(key: K): (request: CreateRequest, value: NonNullable<HostConfig[K]>) => void {
  return ({ hostConfig }, value) => void (hostConfig[key] = value);
}

/** Adds to a list of what the host is to do. */
export function hostItem<K extends keyof HostConfig>(key: K): (request: CreateRequest, value: ItemOf<HostConfig[K]>) => void {
  return ({ hostConfig }, value) => add(hostConfig, key, value);
}

/** Adds to a list that may not be there yet. */
export function add<T extends object, K extends keyof T>(owner: T, key: K, value: ItemOf<T[K]>): void {
  owner[key] = [...((owner[key] as ItemOf<T[K]>[] | undefined) ?? []), value] as T[K];
}

/** Sets a key of a map that may not be there yet. */
export function put<T extends object, K extends keyof T>(owner: T, key: K, [name, value]: readonly [string, ValueOf<T[K]>]): void {
  owner[key] = { ...owner[key], [name]: value } as T[K];
}
