import { lookup, type LookupAddress } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { EngineError } from "#errors/engine-error.ts";

/**
 * Where a Dockerfile may not send the daemon: to the host itself and to what answers on the link alone, the metadata service of a cloud above
 * all (169.254.169.254). What is said of a name counts for each of its addresses at the instant of the connection.
 */
const refused = new BlockList();
refused.addSubnet("0.0.0.0", 8, "ipv4");
refused.addSubnet("127.0.0.0", 8, "ipv4");
refused.addSubnet("169.254.0.0", 16, "ipv4");
refused.addSubnet("224.0.0.0", 4, "ipv4");
refused.addAddress("255.255.255.255", "ipv4");
refused.addAddress("::", "ipv6");
refused.addAddress("::1", "ipv6");
refused.addSubnet("fe80::", 10, "ipv6");
refused.addSubnet("ff00::", 8, "ipv6");
/** An IPv4 address in the clothes of the other family: BlockList knows `::ffff:` itself, and not NAT64. */
refused.addSubnet("64:ff9b::7f00:0", 104, "ipv6");
refused.addSubnet("64:ff9b::a9fe:0", 112, "ipv6");

export function isRefusedAddress(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const family = isIP(plain);
  return family !== 0 && refused.check(plain, family === 6 ? "ipv6" : "ipv4");
}

export function refusal(host: string): EngineError {
  return new EngineError("forbidden", `the builder does not connect to ${host}: it belongs to this host or its link`);
}

/** Looks a name up, and fails where any of its addresses is refused. */
export const allowedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error !== null) return callback(error, "", 0);
    if (addresses.some(({ address }) => isRefusedAddress(address))) return callback(refusal(hostname) as NodeJS.ErrnoException, "", 0);
    const [first] = addresses;
    if (options.all === true) callback(null, addresses);
    else callback(null, first?.address ?? "", first?.family ?? 0);
  });
};
