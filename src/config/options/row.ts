import type { ValueType } from "../values/types.ts";

/** One setting: its flag, its key in daemon.json, and how far Dhow honours it. */
export interface OptionRow {
  readonly type: ValueType;
  readonly help: string;
  readonly short?: string;
  /** Its name in daemon.json; the flag's own name when left out, `null` for what the command line alone can say. */
  readonly key?: string | null;
  /** The object in daemon.json that holds the key. */
  readonly within?: string;
  /** A second key of the same meaning. */
  readonly alsoKey?: string;
  /** Has no flag. */
  readonly fileOnly?: true;
  /** What `--help` shows as the default. */
  readonly default?: string;
  /** Not in `--help`: Docker hides it too. */
  readonly hidden?: true;
  /**
   * `true`: every value is honoured. A list: these values are, since they say what Dhow does anyway. Left out: not implemented yet.
   * What is not honoured is refused when it is given, by its name.
   */
  readonly ready?: true | readonly (boolean | string)[];
  /** A reload (SIGHUP) puts a new value into effect; anything else waits for a restart. */
  readonly reload?: true;
}
