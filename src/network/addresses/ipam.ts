import { type Address, type Family, lastOf, sizeOf, type Subnet } from "./ip.ts";

export interface PoolSpec {
  readonly subnet: Subnet;
  /** The part of the subnet that addresses are given out of; the whole of it without. */
  readonly range?: Subnet | undefined;
}

export interface PoolUsage {
  readonly inUse: bigint;
  readonly available: bigint;
}

/**
 * The addresses of one subnet: who has which is the caller's to know. Given out in turn, so that an address which was just given
 * back rests as long as it can; neighbours remember it for a while.
 */
export class AddressPool {
  readonly #family: Family;
  readonly #first: bigint;
  readonly #last: bigint;
  readonly #bounds: readonly [first: bigint, last: bigint];
  readonly #size: bigint;
  readonly #taken = new Set<bigint>();
  #next: bigint;

  constructor({ subnet, range }: PoolSpec) {
    this.#family = subnet.family;
    this.#bounds = hostsOf(subnet);
    this.#size = sizeOf(subnet);
    this.#first = range === undefined || range.base < this.#bounds[0] ? this.#bounds[0] : range.base;
    this.#last = range === undefined || lastOf(range) > this.#bounds[1] ? this.#bounds[1] : lastOf(range);
    this.#next = this.#first;
  }

  /** How many are taken. */
  get taken(): number {
    return this.#taken.size;
  }

  /** How many addresses of the subnet nobody can get, and how many of the range somebody can. */
  usage(): PoolUsage {
    const [first, last] = this.#bounds;
    const inRange = [...this.#taken].filter((value) => value >= this.#first && value <= this.#last).length;
    const reserved = this.#size - (last - first + 1n);
    return { inUse: reserved + BigInt(this.#taken.size), available: this.#last - this.#first + 1n - BigInt(inRange) };
  }

  /** The next free address of the range; undefined when there is none. */
  allocate(): Address | undefined {
    const count = this.#last - this.#first + 1n;
    for (let tried = 0n; tried < count; tried++) {
      const candidate = { family: this.#family, value: this.#next };
      this.#next = candidate.value === this.#last ? this.#first : candidate.value + 1n;
      if (this.claim(candidate)) return candidate;
    }
    return undefined;
  }

  /** Takes one address of the subnet; false when somebody has it, or it is no host's address. */
  claim({ family, value }: Address): boolean {
    const [first, last] = this.#bounds;
    if (family !== this.#family || value < first || value > last || this.#taken.has(value)) return false;
    this.#taken.add(value);
    return true;
  }

  release({ value }: Address): void {
    this.#taken.delete(value);
  }
}

/**
 * IPv4: without the subnet's own and its broadcast address, which subnets of one and two addresses do not have (RFC 3021). IPv6:
 * without the first, which is every router's (RFC 4291).
 */
function hostsOf(subnet: Subnet): readonly [bigint, bigint] {
  const last = lastOf(subnet);
  if (last - subnet.base <= 1n) return [subnet.base, last];
  return [subnet.base + 1n, subnet.family === 4 ? last - 1n : last];
}
