import { expect, test } from "vitest";
import type { StatsSample } from "#container/stats/sample.ts";
import { statsView } from "./container-stats.ts";

const container = { id: "5f", name: "web" };

/** What dockerd 28.5 answers for a container that does not run, digit by digit. */
const ZEROS =
  '{"name":"/web","id":"5f","read":"0001-01-01T00:00:00Z","preread":"0001-01-01T00:00:00Z","pids_stats":{},"blkio_stats":' +
  '{"io_service_bytes_recursive":null,"io_serviced_recursive":null,"io_queue_recursive":null,"io_service_time_recursive":null,' +
  '"io_wait_time_recursive":null,"io_merged_recursive":null,"io_time_recursive":null,"sectors_recursive":null},"num_procs":0,' +
  '"storage_stats":{},"cpu_stats":{"cpu_usage":{"total_usage":0,"usage_in_kernelmode":0,"usage_in_usermode":0},"throttling_data":' +
  '{"periods":0,"throttled_periods":0,"throttled_time":0}},"precpu_stats":{"cpu_usage":{"total_usage":0,"usage_in_kernelmode":0,' +
  '"usage_in_usermode":0},"throttling_data":{"periods":0,"throttled_periods":0,"throttled_time":0}},"memory_stats":{}}';

const legacy: StatsSample = {
  takenAt: 1_796_000_000_000_000_001n,
  usage: {
    cpu: {
      total: 2n ** 53n + 1n,
      kernel: 1n,
      user: 2n,
      perCpu: [3n, 4n],
      throttling: { periods: 5n, throttledPeriods: 6n, throttledTime: 7n },
    },
    memory: { usage: 8n, maxUsage: 9n, failures: 0n, limit: 2n ** 63n - 4096n, stats: { hierarchical_memory_limit: 2n ** 63n - 4096n } },
    blockIo: { bytes: [{ major: 254n, minor: 0n, operation: "Read", value: 1n }], operations: [] },
    pids: { current: 1n, limit: 10n },
  },
  hostCpu: { time: 100n, online: 2 },
  hostMemory: 4e9,
  interfaces: new Map([
    ["eth0", { rxBytes: 1n, rxPackets: 2n, rxErrors: 3n, rxDropped: 4n, txBytes: 5n, txPackets: 6n, txErrors: 7n, txDropped: 8n }],
  ]),
};

test("zeros as Docker writes them", () => {
  expect(JSON.stringify(statsView({ ...container, sample: undefined, previous: undefined }, [1, 51]))).toBe(ZEROS);
});

test("numbers that JavaScript cannot hold are written whole", () => {
  const text = JSON.stringify(statsView({ ...container, sample: legacy, previous: undefined }, [1, 51]));
  expect(text).toContain('"total_usage":9007199254740993,"percpu_usage":[3,4],');
  expect(text).toContain('"hierarchical_memory_limit":9223372036854771712');
});

test("v1: a limit is no more than the host has, and old counters are empty lists", () => {
  expect(statsView({ ...container, sample: legacy, previous: legacy }, [1, 55])).toMatchObject({
    os_type: "linux",
    read: "2026-11-30T00:53:20.000000001Z",
    preread: "2026-11-30T00:53:20.000000001Z",
    pids_stats: { current: 1, limit: 10 },
    blkio_stats: {
      io_service_bytes_recursive: [{ major: 254, minor: 0, op: "Read", value: 1 }],
      io_serviced_recursive: [],
      sectors_recursive: [],
    },
    cpu_stats: { system_cpu_usage: 100, online_cpus: 2, throttling_data: { periods: 5, throttled_periods: 6, throttled_time: 7 } },
    precpu_stats: { system_cpu_usage: 100 },
    memory_stats: { usage: 8, max_usage: 9, limit: 4e9 },
    networks: {
      eth0: { rx_bytes: 1, rx_packets: 2, rx_errors: 3, rx_dropped: 4, tx_bytes: 5, tx_packets: 6, tx_errors: 7, tx_dropped: 8 },
    },
  });
});

test("v2: no count of processors, none of operations, no peak; no network where there is none", () => {
  const { cpu, memory, blockIo, pids } = legacy.usage;
  const usage = {
    cpu: { ...cpu, perCpu: undefined },
    memory: { ...memory, maxUsage: undefined, failures: 2n, limit: 5n },
    blockIo: { ...blockIo, operations: undefined },
    pids: { ...pids, limit: undefined },
  };
  const view = statsView({ ...container, sample: { ...legacy, usage, interfaces: new Map() }, previous: undefined }, [1, 51]);
  expect(view).toMatchObject({ pids_stats: { current: 1 }, blkio_stats: { io_serviced_recursive: null, sectors_recursive: null } });
  expect(view).toMatchObject({ memory_stats: { failcnt: 2, limit: 5 } });
  const text = JSON.stringify(view);
  for (const absent of ["percpu_usage", "max_usage", "networks", "os_type"]) expect(text).not.toContain(`"${absent}"`);
});
