import type { OciResources } from "#spec/oci-runtime/spec.ts";

/** One text that goes into one file of a group. */
export interface Write {
  readonly file: string;
  readonly text: string;
}

/** What the plan has to know of the group as it is. */
export interface GroupState {
  /** Text of a file of the group's, by its absolute path; empty when there is no such file. */
  read(file: string): string;
}

export type Limits = Omit<OciResources, "devices" | "unified">;

/** Names a file of the group in the tree of one controller. */
export type Files = (name: string, text: string) => Write;

export type Planner<T> = (value: T, write: Files, state: GroupState) => Write[];

/** A write where there is something to write. */
export function given<T>(value: T | undefined, write: (value: T) => Write): Write[] {
  return value === undefined ? [] : [write(value)];
}
