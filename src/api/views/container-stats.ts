import type { ContainerStats, StatsSample } from "#container/stats/sample.ts";
import { jsonNumber } from "#lib/json/number.ts";
import { type ApiVersion, compareApiVersions } from "#spec/api-version.ts";
import { formatTimestamp } from "#spec/timestamps.ts";

/** From here on an answer says which system its container runs on. */
const WITH_OS_TYPE: ApiVersion = [1, 52];
/** Go's zero time: no sample was taken. */
const NEVER = "0001-01-01T00:00:00Z";
const NOTHING_YET = { cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 } };
const NO_THROTTLING = { periods: 0, throttled_periods: 0, throttled_time: 0 };
/** Of schedulers that Linux has no more; there for the clients that look for them. */
const OLD_COUNTERS = [
  "io_queue_recursive",
  "io_service_time_recursive",
  "io_wait_time_recursive",
  "io_merged_recursive",
  "io_time_recursive",
  "sectors_recursive",
];

/** The answer of `GET /containers/{id}/stats`, in Docker's order; of a container that does not run, its zeros. */
export function statsView({ id, name, sample, previous }: ContainerStats, apiVersion: ApiVersion): object {
  const interfaces = sample?.interfaces;
  return {
    name: `/${name}`,
    id,
    ...(compareApiVersions(apiVersion, WITH_OS_TYPE) >= 0 ? { os_type: "linux" } : {}),
    read: timeOf(sample),
    preread: timeOf(previous),
    pids_stats: sample === undefined ? {} : pids(sample),
    blkio_stats: blockIo(sample),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpu(sample),
    precpu_stats: cpu(previous),
    memory_stats: sample === undefined ? {} : memory(sample),
    ...(interfaces === undefined || interfaces.size === 0 ? {} : { networks: networks(interfaces) }),
  };
}

function timeOf(sample: StatsSample | undefined): string {
  return sample === undefined ? NEVER : formatTimestamp(sample.takenAt);
}

function pids({
  usage: {
    pids: { current, limit },
  },
}: StatsSample): object {
  return { current: jsonNumber(current), ...(limit === undefined ? {} : { limit: jsonNumber(limit) }) };
}

function blockIo(sample: StatsSample | undefined): object {
  const blocks = sample?.usage.blockIo;
  const entries = (list: NonNullable<typeof blocks>["bytes"] | undefined): object[] | null =>
    list?.map(({ major, minor, operation, value }) => ({
      major: jsonNumber(major),
      minor: jsonNumber(minor),
      op: operation,
      value: jsonNumber(value),
    })) ?? null;
  // The second version of control groups counts bytes alone.
  const none = blocks?.operations === undefined ? null : [];
  return {
    io_service_bytes_recursive: entries(blocks?.bytes),
    io_serviced_recursive: entries(blocks?.operations),
    ...Object.fromEntries(OLD_COUNTERS.map((name) => [name, none])),
  };
}

function cpu(sample: StatsSample | undefined): object {
  if (sample === undefined) return { ...NOTHING_YET, throttling_data: NO_THROTTLING };
  const { total, kernel, user, perCpu, throttling } = sample.usage.cpu;
  return {
    cpu_usage: {
      total_usage: jsonNumber(total),
      ...(perCpu === undefined ? {} : { percpu_usage: perCpu.map(jsonNumber) }),
      usage_in_kernelmode: jsonNumber(kernel),
      usage_in_usermode: jsonNumber(user),
    },
    system_cpu_usage: jsonNumber(sample.hostCpu.time),
    online_cpus: sample.hostCpu.online,
    throttling_data: {
      periods: jsonNumber(throttling.periods),
      throttled_periods: jsonNumber(throttling.throttledPeriods),
      throttled_time: jsonNumber(throttling.throttledTime),
    },
  };
}

/** Nothing can use more than the host has: a limit above it, or none, is the host's memory. */
function memory({ usage, hostMemory }: StatsSample): object {
  const { usage: used, maxUsage, failures, limit, stats } = usage.memory;
  return {
    usage: jsonNumber(used),
    ...(maxUsage === undefined ? {} : { max_usage: jsonNumber(maxUsage) }),
    stats: Object.fromEntries(Object.entries(stats).map(([key, value]) => [key, jsonNumber(value)])),
    ...(failures === 0n ? {} : { failcnt: jsonNumber(failures) }),
    limit: limit > BigInt(hostMemory) ? hostMemory : jsonNumber(limit),
  };
}

function networks(interfaces: NonNullable<StatsSample["interfaces"]>): object {
  return Object.fromEntries(
    [...interfaces].map(([name, counters]) => [
      name,
      {
        rx_bytes: jsonNumber(counters.rxBytes),
        rx_packets: jsonNumber(counters.rxPackets),
        rx_errors: jsonNumber(counters.rxErrors),
        rx_dropped: jsonNumber(counters.rxDropped),
        tx_bytes: jsonNumber(counters.txBytes),
        tx_packets: jsonNumber(counters.txPackets),
        tx_errors: jsonNumber(counters.txErrors),
        tx_dropped: jsonNumber(counters.txDropped),
      },
    ]),
  );
}
