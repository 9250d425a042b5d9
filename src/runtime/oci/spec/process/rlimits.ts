import { EngineError } from "#errors/engine-error.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { jsonNumber, type RawNumber } from "#lib/json/number.ts";
import type { OciProcess } from "#spec/oci-runtime/spec.ts";
import type { HostFacts, SandboxDefaults } from "../../spec-input.ts";

type Rlimits = NonNullable<OciProcess["rlimits"]>;

const NAMES = "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(" ");
const RAISES_LIMITS = "CAP_SYS_RESOURCE";
/** RLIM_INFINITY: the one number here that a JavaScript number cannot hold. */
const INFINITY = 2n ** 64n - 1n;

/**
 * The container's limits: those asked for (already checked), then the daemon's defaults, which are lowered to what the daemon may
 * give. A limit that nobody names is the daemon's own.
 */
export function containerRlimits(hostConfig: Pick<HostConfig, "Ulimits">, defaults: SandboxDefaults["ulimits"], host: HostFacts): Rlimits {
  const limits = new Map<string, { soft: bigint; hard: bigint }>();
  for (const { name, soft, hard } of defaults) {
    const most = ceiling(name, host);
    limits.set(ociName(name), { soft: least(toKernel(soft), most), hard: least(toKernel(hard), most) });
  }
  for (const { Name = "", Soft = 0, Hard = 0 } of hostConfig.Ulimits ?? []) {
    limits.set(ociName(Name), { soft: toKernel(Soft), hard: toKernel(Hard) });
  }
  return [...limits].map(([type, { soft, hard }]) => ({ type, soft: jsonNumber(soft), hard: jsonNumber(hard) }));
}

/** @throws EngineError `invalid`: an unknown name, soft above hard, or more than the daemon may give. */
export function validateUlimits({ Ulimits }: Pick<HostConfig, "Ulimits">, host: HostFacts): void {
  for (const { Name = "", Soft = 0, Hard = 0 } of Ulimits ?? []) {
    if (!NAMES.includes(Name)) throw new EngineError("invalid", `invalid ulimit type: ${Name}`);
    if (Soft < -1 || Hard < -1) throw new EngineError("invalid", `invalid ulimit ${Name}: want -1 (unlimited) or more`);
    if (toKernel(Soft) > toKernel(Hard)) {
      throw new EngineError("invalid", `ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
    }
    const most = ceiling(Name, host);
    if (toKernel(Hard) > most) {
      throw new EngineError(
        "invalid",
        `invalid ulimit ${Name}: ${Hard === -1 ? "unlimited" : Hard} is above the daemon's own hard limit of ${most}, which it cannot raise without ${RAISES_LIMITS}`,
      );
    }
  }
}

/** The number again from a limit that was written to JSON and read back: what is near 2^64 was infinity. */
export function restoredRlimits(limits: Rlimits): Rlimits {
  const restored = (value: number | RawNumber): number | RawNumber =>
    typeof value === "number" && value >= 2 ** 63 ? jsonNumber(INFINITY) : value;
  return limits.map(({ type, soft, hard }) => ({ type, soft: restored(soft), hard: restored(hard) }));
}

function ociName(name: string): string {
  return `RLIMIT_${name.toUpperCase()}`;
}

function ceiling(name: string, host: HostFacts): bigint {
  const own = host.rlimits[ociName(name)] ?? -1n;
  return own === -1n || host.capabilities.includes(RAISES_LIMITS) ? INFINITY : own;
}

/** -1 is Docker's "unlimited". */
function toKernel(value: number): bigint {
  return value < 0 ? INFINITY : BigInt(Math.trunc(value));
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
