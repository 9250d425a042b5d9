import { dnsTypes } from "#spec/network/dns-trace.ts";
import { ipv6Text } from "#sys/sockets/ipv6-bytes.ts";
import { parseQuestion, readRecords, TYPE } from "./message.ts";

/** Names may point backwards as often as this. */
const MOST_JUMPS = 32;

/** The answers of a message as lines: `A 10.0.0.2 (5 s)`. What is not understood is shown as its length. */
export function showRecords(packet: Buffer): string[] {
  const question = parseQuestion(packet);
  const records = question === undefined ? undefined : readRecords(packet, question.end);
  const answers = (records ?? []).filter(({ section }) => section === 0);
  return answers.map(({ place }) => {
    const { type, ttlOffset, dataOffset, end } = place;
    return `${typeName(type)} ${shown(packet, type, dataOffset, end)} (${packet.readUInt32BE(ttlOffset)} s)`;
  });
}

function typeName(type: number): string {
  return Object.entries(dnsTypes).find(([, number]) => number === type)?.[0] ?? `TYPE${type}`;
}

function shown(packet: Buffer, type: number, start: number, end: number): string {
  const data = packet.subarray(start, end);
  if (type === TYPE.A && data.length === 4) return data.join(".");
  if (type === TYPE.AAAA && data.length === 16) return ipv6Text(data);
  if (type === TYPE.CNAME || type === TYPE.PTR || type === TYPE.NS) return readName(packet, start);
  return `${data.length} bytes`;
}

function readName(packet: Buffer, start: number): string {
  const labels: string[] = [];
  let offset = start;
  for (let jumps = 0; jumps < MOST_JUMPS;) {
    const length = packet[offset] ?? 0;
    if (length === 0) break;
    if (length >= 0xc0) {
      offset = ((length & 0x3f) << 8) | (packet[offset + 1] ?? 0);
      jumps += 1;
    } else {
      labels.push(packet.toString("latin1", offset + 1, offset + 1 + length));
      offset += length + 1;
    }
  }
  return labels.join(".");
}
