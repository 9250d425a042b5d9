import { lastOf, type Subnet } from "./ipv4.ts";

export interface PoolSpec {
  readonly subnet: Subnet;
  /** The part of the subnet that addresses are given out of; the whole of it without. */
  readonly range?: Subnet | undefined;
}

/**
 * The addresses of one subnet: who has which is the caller's to know. Given out in turn, so that an address which was just given
 * back rests as long as it can; neighbours remember it for a while.
 */
export class AddressPool {
  readonly #first: number;
  readonly #last: number;
  readonly #bounds: readonly [first: number, last: number];
  readonly #taken = new Set<number>();
  #next: number;

  constructor({ subnet, range }: PoolSpec) {
    this.#bounds = hostsOf(subnet);
    this.#first = Math.max(this.#bounds[0], range?.base ?? 0);
    this.#last = Math.min(this.#bounds[1], range === undefined ? Infinity : lastOf(range));
    this.#next = this.#first;
  }

  /** How many are taken. */
  get taken(): number {
    return this.#taken.size;
  }

  /** The next free address of the range; undefined when there is none. */
  allocate(): number | undefined {
    const count = this.#last - this.#first + 1;
    for (let tried = 0; tried < count; tried++) {
      const candidate = this.#next;
      this.#next = candidate === this.#last ? this.#first : candidate + 1;
      if (this.claim(candidate)) return candidate;
    }
    return undefined;
  }

  /** Takes one address of the subnet; false when somebody has it, or it is no host's address. */
  claim(address: number): boolean {
    const [first, last] = this.#bounds;
    if (address < first || address > last || this.#taken.has(address)) return false;
    this.#taken.add(address);
    return true;
  }

  release(address: number): void {
    this.#taken.delete(address);
  }
}

/** Without the subnet's own and its broadcast address, which subnets of one and two addresses do not have (RFC 3021). */
function hostsOf(subnet: Subnet): readonly [number, number] {
  return subnet.prefixLength >= 31 ? [subnet.base, lastOf(subnet)] : [subnet.base + 1, lastOf(subnet) - 1];
}
