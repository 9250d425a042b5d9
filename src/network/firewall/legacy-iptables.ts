/**
 * The same as `foreign-chains.ts` for iptables' older half, whose tables are apart from nftables' and are spoken to by its own
 * program alone. It is run where such tables are loaded: when the daemon starts and when networks come and go.
 *
 * @param listing what `iptables-legacy -S FORWARD` printed.
 * @returns the arguments of each run that is needed.
 */
export function planLegacy(listing: string, bridges: readonly string[], comment: string): string[][] {
  const lines = listing.trim().split("\n");
  const drops = lines.some((line) => line === "-P FORWARD DROP" || /^-A FORWARD -j (DROP|REJECT)( --reject-with \S+)?$/.test(line));
  const wanted = drops ? bridges.flatMap((bridge) => [ruleFor("-i", bridge, comment), ruleFor("-o", bridge, comment)]) : [];
  const present = lines.filter((line) => line.includes(`--comment "${comment}"`)).map(argumentsOf);
  const same =
    (one: readonly string[]) =>
    (other: readonly string[]): boolean =>
      one.join("\0") === other.join("\0");
  return [
    ...wanted.filter((rule) => !present.some(same(rule))).map((rule) => ["-I", "FORWARD", ...rule]),
    ...present.filter((rule) => !wanted.some(same(rule))).map((rule) => ["-D", "FORWARD", ...rule]),
  ];
}

function ruleFor(direction: "-i" | "-o", bridge: string, comment: string): string[] {
  return [direction, bridge, "-m", "comment", "--comment", comment, "-j", "ACCEPT"];
}

/** `-A FORWARD -i dhow0 -m comment --comment "instance dhow" -j ACCEPT` → what stands behind the chain's name. */
function argumentsOf(line: string): string[] {
  const words = line.match(/"[^"]*"|\S+/g) ?? [];
  return words.slice(2).map((word) => word.replaceAll('"', ""));
}
