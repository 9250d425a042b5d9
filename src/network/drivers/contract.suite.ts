import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Network } from "../record/network.ts";
import type { EndpointLink } from "../sandbox/sandbox.ts";
import type { NetworkDriver } from "./contract.ts";

export interface DriverUnderTest {
  readonly driver: NetworkDriver;
  readonly network: Network;
  /** A fresh namespace. @returns its path. */
  readonly makeNamespace: (name: string) => Promise<string>;
  /** Ends a namespace and waits until its interfaces are gone. */
  readonly endNamespace: (path: string, link: EndpointLink | undefined) => Promise<void>;
  /** Interfaces of a namespace, loopback left out. */
  readonly interfacesIn: (path: string) => readonly string[];
  /** Addresses of a namespace, those of loopback and of a link alone left out. */
  readonly addressesIn: (path: string) => readonly string[];
  /** What of the driver's is on the host. */
  readonly residue: () => readonly string[];
}

/** Holds a driver to what drivers/contract.ts says. */
export function driverSuite(name: string, set: () => DriverUnderTest): void {
  describe(`network driver ${name}`, () => {
    let under: DriverUnderTest;
    const reserve = (id: string, address?: string): EndpointLink | undefined =>
      under.driver.reserve(under.network, { endpointId: id.repeat(32), name: "eth0", address, mac: undefined });

    beforeAll(async () => {
      under = set();
      await under.driver.up(under.network);
    });

    afterAll(async () => await under.driver.down(under.network));

    it("is up as often as one likes", async () => {
      await expect(under.driver.up(under.network)).resolves.toBeUndefined();
    });

    it("makes a link for an own namespace only", () => {
      const link = reserve("aa");
      expect(under.driver.namespace === "host" && link !== undefined).toBe(false);
      if (link !== undefined) under.driver.free(under.network, link);
    });

    it("never gives an address to two", () => {
      const links = [reserve("aa"), reserve("bb")];
      const addresses = links.flatMap((link) => link?.address ?? []);
      expect(new Set(addresses).size).toBe(addresses.length);
      for (const link of links) if (link !== undefined) under.driver.free(under.network, link);
    });

    it("keeps an adopted address from others until it is freed", () => {
      const link = reserve("aa");
      if (link === undefined) return;
      under.driver.free(under.network, link);
      under.driver.adopt(under.network, link);
      expect(() => reserve("bb", link.address)).toThrow(expect.objectContaining({ code: "address" }));
      under.driver.free(under.network, link);
      const again = reserve("bb", link.address);
      expect(again?.address).toBe(link.address);
      if (again !== undefined) under.driver.free(under.network, again);
    });

    it("joins a namespace, once more without harm, and leaves nothing when the namespace ends", async () => {
      const link = reserve("cc");
      const path = await under.makeNamespace("joined");
      if (link !== undefined) {
        await under.driver.join(under.network, link, path, { defaultRoute: true });
        await under.driver.join(under.network, link, path, { defaultRoute: true });
      }
      expect(under.interfacesIn(path)).toEqual(link === undefined ? [] : ["eth0"]);
      await under.endNamespace(path, link);
      if (link !== undefined) under.driver.free(under.network, link);
    });

    it("leaves a namespace that lives on, twice without harm, and comes back", async () => {
      const link = reserve("dd");
      const path = await under.makeNamespace("left");
      if (link !== undefined) {
        await under.driver.leave(link, path);
        await under.driver.join(under.network, link, path, { defaultRoute: false });
        await under.driver.leave(link, path);
        expect(under.interfacesIn(path)).toEqual([]);
        await under.driver.join(under.network, link, path, { defaultRoute: true });
        expect(under.interfacesIn(path)).toEqual(["eth0"]);
      }
      await under.endNamespace(path, link);
      if (link !== undefined) under.driver.free(under.network, link);
    });

    it("gives an address of each family that the network has, its own and inside", async () => {
      const link = reserve("ee");
      if (link === undefined) return;
      const path = await under.makeNamespace("addressed");
      await under.driver.join(under.network, link, path, { defaultRoute: true });
      expect([link.address, link.ipv6?.address].map((address) => address !== undefined)).toEqual([true, under.network.ipam6 !== undefined]);
      expect(under.addressesIn(path)).toEqual([link.address, ...(link.ipv6 === undefined ? [] : [link.ipv6.address])]);
      await under.endNamespace(path, link);
      under.driver.free(under.network, link);
    });

    it("is down as often as one likes, and up again", async () => {
      await under.driver.down(under.network);
      await under.driver.down(under.network);
      expect(under.residue()).toEqual([]);
      await under.driver.up(under.network);
    });
  });
}
