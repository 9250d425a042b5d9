/**
 * What a control group has used, in the same form for every layout. Counts are `bigint`: they are 64 bits wide in the kernel, and a
 * busy group passes 2^53 nanoseconds of processor time.
 */
export interface CgroupUsage {
  readonly cpu: CpuUsage;
  readonly memory: MemoryUsage;
  readonly blockIo: BlockIoUsage;
  readonly pids: PidsUsage;
}

/** Nanoseconds since the group was made. */
export interface CpuUsage {
  readonly total: bigint;
  readonly kernel: bigint;
  readonly user: bigint;
  /** By processor; v1 only. */
  readonly perCpu: readonly bigint[] | undefined;
  readonly throttling: { readonly periods: bigint; readonly throttledPeriods: bigint; readonly throttledTime: bigint };
}

/** Bytes. */
export interface MemoryUsage {
  readonly usage: bigint;
  /** v1 only. */
  readonly maxUsage: bigint | undefined;
  /** How often the limit was hit (v1), or led to the OOM killer (v2). */
  readonly failures: bigint;
  /** Of the group itself; without one, larger than any machine. */
  readonly limit: bigint;
  /** The lines of `memory.stat` that Docker shows. */
  readonly stats: Readonly<Record<string, bigint>>;
}

export interface BlockIoUsage {
  readonly bytes: readonly BlockIoEntry[];
  /** Operations; v1 only. */
  readonly operations: readonly BlockIoEntry[] | undefined;
}

export interface BlockIoEntry {
  readonly major: bigint;
  readonly minor: bigint;
  /** `Read`, `Write`, … on v1; `read` and `write` on v2. */
  readonly operation: string;
  readonly value: bigint;
}

export interface PidsUsage {
  readonly current: bigint;
  /** Undefined without a limit. */
  readonly limit: bigint | undefined;
}
