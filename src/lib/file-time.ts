/** A time as file systems and archives have it. */
export interface FileTime {
  /** Since 1970; may be negative. */
  readonly seconds: number;
  readonly nanoseconds: number;
}
