/** An IPv6 address, which has been checked, as the sixteen bytes of it. */
export function ipv6Bytes(address: string): Buffer {
  const data = Buffer.alloc(16);
  const [head = "", tail] = withoutQuad(address.replace(/%.*$/, "")).split("::");
  const groups = (text: string): string[] => text.split(":").filter(Boolean);
  groups(head).forEach((group, index) => data.writeUInt16BE(Number.parseInt(group, 16), 2 * index));
  const last = groups(tail ?? "");
  last.forEach((group, index) => data.writeUInt16BE(Number.parseInt(group, 16), 16 - 2 * (last.length - index)));
  return data;
}

/** `::ffff:1.2.3.4` is `::ffff:102:304`. */
function withoutQuad(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}

/** As RFC 5952 has it. */
export function ipv6Text(data: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => data.readUInt16BE(2 * index).toString(16));
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}
