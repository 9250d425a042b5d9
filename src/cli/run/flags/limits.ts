import { readInteger } from "../../arguments/flag.ts";
import { byteRate, cpus, deviceWeight, memory, operationRate, ulimit } from "../flag-values.ts";
import { asIs, host, hostItem, runFlag, runToggle, type RunFlags } from "../run-flag.ts";

const int = (help: string): { value: string; help: string } => ({ value: "int", help });
const bytes = (help: string): { value: string; help: string } => ({ value: "bytes", help });
const list = (help: string): { value: string; help: string } => ({ value: "list", help });

/** What the container may use. */
export const limitFlags: RunFlags = {
  "blkio-weight": runFlag(int("Block IO (relative weight), between 10 and 1000, or 0 to disable"), readInteger, host("BlkioWeight")),
  "blkio-weight-device": runFlag(list("Block IO weight (relative device weight)"), deviceWeight, hostItem("BlkioWeightDevice")),
  "cgroup-parent": runFlag({ help: "Parent cgroup for the container" }, asIs, host("CgroupParent")),
  "cpu-period": runFlag(int("Limit CPU CFS (Completely Fair Scheduler) period"), readInteger, host("CpuPeriod")),
  "cpu-quota": runFlag(int("Limit CPU CFS (Completely Fair Scheduler) quota"), readInteger, host("CpuQuota")),
  "cpu-rt-period": runFlag(int("Limit CPU real-time period in microseconds"), readInteger, host("CpuRealtimePeriod")),
  "cpu-rt-runtime": runFlag(int("Limit CPU real-time runtime in microseconds"), readInteger, host("CpuRealtimeRuntime")),
  "cpu-shares": runFlag({ ...int("CPU shares (relative weight)"), short: "c" }, readInteger, host("CpuShares")),
  cpus: runFlag({ value: "decimal", help: "Number of CPUs" }, cpus, host("NanoCpus")),
  "cpuset-cpus": runFlag({ help: "CPUs in which to allow execution (0-3, 0,1)" }, asIs, host("CpusetCpus")),
  "cpuset-mems": runFlag({ help: "MEMs in which to allow execution (0-3, 0,1)" }, asIs, host("CpusetMems")),
  "device-read-bps": runFlag(list("Limit read rate (bytes per second) from a device"), byteRate, hostItem("BlkioDeviceReadBps")),
  "device-read-iops": runFlag(list("Limit read rate (IO per second) from a device"), operationRate, hostItem("BlkioDeviceReadIOps")),
  "device-write-bps": runFlag(list("Limit write rate (bytes per second) to a device"), byteRate, hostItem("BlkioDeviceWriteBps")),
  "device-write-iops": runFlag(list("Limit write rate (IO per second) to a device"), operationRate, hostItem("BlkioDeviceWriteIOps")),
  memory: runFlag({ ...bytes("Memory limit"), short: "m" }, memory, host("Memory")),
  "memory-reservation": runFlag(bytes("Memory soft limit"), memory, host("MemoryReservation")),
  "memory-swap": runFlag(bytes("Swap limit equal to memory plus swap: '-1' to enable unlimited swap"), memory, host("MemorySwap")),
  "memory-swappiness": runFlag(int("Tune container memory swappiness (0 to 100)"), readInteger, host("MemorySwappiness")),
  "oom-kill-disable": runToggle("Disable OOM Killer", host("OomKillDisable")),
  "oom-score-adj": runFlag(int("Tune host's OOM preferences (-1000 to 1000)"), readInteger, host("OomScoreAdj")),
  "pids-limit": runFlag(int("Tune container pids limit (set -1 for unlimited)"), readInteger, host("PidsLimit")),
  "shm-size": runFlag(bytes("Size of /dev/shm"), memory, host("ShmSize")),
  ulimit: runFlag({ value: "ulimit", help: "Ulimit options" }, ulimit, hostItem("Ulimits")),
};
