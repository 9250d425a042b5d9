/**
 * DNS messages as bytes (RFC 1035, EDNS of RFC 6891). A name server that forwards has little to understand: the question, so that
 * it can be looked up and an answer checked against it, and how long each record may be kept. Everything else passes as it came,
 * record types of next year included; so nothing here decodes a message as a whole, and nothing follows a compression pointer.
 */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;
export const CLASS_IN = 1;

export const RCODE = { success: 0, malformed: 1, failure: 2, noSuchName: 3, notImplemented: 4, refused: 5 } as const;

const HEADER_LENGTH = 12;
/** What a client without EDNS takes over UDP. */
const PLAIN_UDP_SIZE = 512;
/** What we ask for, and give, over UDP: fits into a packet on every link. DNS Flag Day 2020. */
const UDP_SIZE = 1232;
export const LARGEST_MESSAGE = 65_535;

const LONGEST_NAME = 255;
const MOST_ADDITIONAL = 8;
const DNSSEC_OK = 0x8000;
const FLAG = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  checkingDisabled: 0x0010,
};

export interface Question {
  /** Lower case, without the final dot; bytes that a host name has not are written as `\ddd`. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Where the question ends in its message. */
  readonly end: number;
}

export interface Edns {
  /** Offset of the record's class, which is the UDP size. */
  readonly offset: number;
  readonly size: number;
  readonly dnssecOk: boolean;
}

/** A question that a client sent, in its packet. */
export interface Query {
  readonly packet: Buffer;
  readonly question: Question;
  readonly edns: Edns | undefined;
}

/** What cannot be answered but by a header; undefined where the only answer is none. */
export type Refusal = { readonly packet: Buffer; readonly rcode: number } | undefined;

/** Reads a query. @returns a refusal for what is not one. */
export function parseQuery(packet: Buffer): Query | { readonly refusal: Refusal } {
  // An answer to an answer is how two servers talk to each other for ever.
  if (packet.length < HEADER_LENGTH || (packet.readUInt16BE(2) & FLAG.response) !== 0) return { refusal: undefined };
  if ((packet.readUInt16BE(2) & 0x7800) !== 0) return { refusal: { packet, rcode: RCODE.notImplemented } };
  const question = packet.readUInt16BE(4) === 1 ? parseQuestion(packet) : undefined;
  const edns = question === undefined ? "malformed" : findEdns(packet, question.end);
  if (question === undefined || edns === "malformed") return { refusal: { packet, rcode: RCODE.malformed } };
  return { packet, question, edns };
}

/** The only question of a message; undefined when it is malformed. */
export function parseQuestion(packet: Buffer): Question | undefined {
  const labels: string[] = [];
  let offset = HEADER_LENGTH;
  for (;;) {
    const length = packet[offset];
    // No pointer: there is nothing before the first name that it could point to.
    if (length === undefined || length > 63 || offset - HEADER_LENGTH + length > LONGEST_NAME) return undefined;
    offset += 1;
    if (length === 0) break;
    if (offset + length > packet.length) return undefined;
    labels.push(labelText(packet, offset, offset + length));
    offset += length;
  }
  if (offset + 4 > packet.length) return undefined;
  return { name: labels.join("."), type: packet.readUInt16BE(offset), class: packet.readUInt16BE(offset + 2), end: offset + 4 };
}

function labelText(packet: Buffer, start: number, end: number): string {
  for (let at = start; at < end; at++) {
    const byte = packet[at] ?? 0;
    if (byte <= 0x20 || byte >= 0x7f || byte === 0x2e || byte === 0x5c) return escapedLabel(packet.subarray(start, end));
  }
  return packet.toString("latin1", start, end).toLowerCase();
}

/** A dot within a label is not the dot between two. */
function escapedLabel(label: Buffer): string {
  const escape = (byte: number): string => `\\${String(byte).padStart(3, "0")}`;
  return [...label]
    .map((byte) =>
      byte <= 0x20 || byte >= 0x7f || byte === 0x2e || byte === 0x5c ? escape(byte) : String.fromCharCode(byte).toLowerCase(),
    )
    .join("");
}

function findEdns(packet: Buffer, start: number): Edns | undefined | "malformed" {
  const others = packet.readUInt16BE(6) + packet.readUInt16BE(8);
  const additional = packet.readUInt16BE(10);
  if (others !== 0 || additional > MOST_ADDITIONAL) return "malformed";
  let edns: Edns | undefined;
  let offset = start;
  for (let index = 0; index < additional; index++) {
    const record = readRecord(packet, offset);
    if (record === undefined || (record.type === TYPE.OPT && edns !== undefined)) return "malformed";
    if (record.type === TYPE.OPT) {
      const at = record.ttlOffset;
      edns = { offset: at - 2, size: packet.readUInt16BE(at - 2), dnssecOk: (packet.readUInt16BE(at + 2) & DNSSEC_OK) !== 0 };
    }
    offset = record.end;
  }
  return edns;
}

/** Where the parts of a record lie. */
export interface RecordPlace {
  readonly type: number;
  readonly ttlOffset: number;
  readonly dataOffset: number;
  readonly end: number;
}

/** The record that begins at `offset`; undefined when it does not fit into the message. */
function readRecord(packet: Buffer, offset: number): RecordPlace | undefined {
  const fixed = skipName(packet, offset);
  if (fixed === undefined || fixed + 10 > packet.length) return undefined;
  const dataOffset = fixed + 10;
  const end = dataOffset + packet.readUInt16BE(fixed + 8);
  if (end > packet.length) return undefined;
  return { type: packet.readUInt16BE(fixed), ttlOffset: fixed + 4, dataOffset, end };
}

/** Where what follows a name begins. A pointer ends a name, wherever it points. */
function skipName(packet: Buffer, start: number): number | undefined {
  let offset = start;
  for (;;) {
    const length = packet[offset];
    if (length === undefined) return undefined;
    if ((length & 0xc0) === 0xc0) return offset + 2 <= packet.length ? offset + 2 : undefined;
    if (length > 63 || offset - start + length > LONGEST_NAME) return undefined;
    offset += length + 1;
    if (length === 0) return offset;
  }
}

/** All records of a response, in order, with the section each is in; undefined when it is malformed. */
export function readRecords(packet: Buffer, start: number): { section: 0 | 1 | 2; place: RecordPlace }[] | undefined {
  const records: { section: 0 | 1 | 2; place: RecordPlace }[] = [];
  let offset = start;
  for (const section of [0, 1, 2] as const) {
    const count = packet.readUInt16BE(6 + 2 * section);
    for (let index = 0; index < count; index++) {
      const place = readRecord(packet, offset);
      if (place === undefined) return undefined;
      records.push({ section, place });
      offset = place.end;
    }
  }
  return records;
}

export function rcodeOf(packet: Buffer): number {
  return packet.readUInt16BE(2) & 0x000f;
}

/** The header's own code alone: EDNS' upper bits are for versions of EDNS itself. */
export function isTruncated(packet: Buffer): boolean {
  return (packet.readUInt16BE(2) & FLAG.truncated) !== 0;
}

export function checkingDisabled(packet: Buffer): boolean {
  return (packet.readUInt16BE(2) & FLAG.checkingDisabled) !== 0;
}

/** Whether a packet answers exactly what was asked: a stranger's guess, or another question's answer, does not. */
export function answers(asked: Buffer, question: Question, response: Buffer): boolean {
  if (response.length < question.end || response.readUInt16BE(0) !== asked.readUInt16BE(0)) return false;
  if ((response.readUInt16BE(2) & 0xf800) !== FLAG.response || response.readUInt16BE(4) !== 1) return false;
  const answered = parseQuestion(response);
  return answered?.name === question.name && answered.type === question.type && answered.class === question.class;
}

/** A record of ours; its name is that of the question. */
export interface OwnRecord {
  readonly type: number;
  readonly ttl: number;
  readonly data: Buffer;
}

const OWN_EDNS = Buffer.from([0, 0, TYPE.OPT, UDP_SIZE >> 8, UDP_SIZE & 0xff, 0, 0, 0, 0, 0, 0]);
const RECORD_LENGTH = 12;

/** An answer of our own to a query, in its case, and no longer than `limit`: what does not fit is marked as cut off. */
export function ownAnswer(
  { packet, question, edns }: Query,
  rcode: number,
  records: readonly OwnRecord[],
  { limit, authoritative }: { limit: number; authoritative: boolean },
): Buffer {
  const extra = edns === undefined ? 0 : OWN_EDNS.length;
  const whole = records.reduce((length, { data }) => length + RECORD_LENGTH + data.length, question.end + extra);
  const sent = whole <= limit ? records : [];
  const answer = Buffer.allocUnsafe(whole <= limit ? whole : question.end + extra);
  packet.copy(answer, 0, 0, question.end);
  const flags =
    FLAG.response | FLAG.recursionAvailable | (authoritative ? FLAG.authoritative : 0) | (sent === records ? 0 : FLAG.truncated);
  answer.writeUInt16BE((packet.readUInt16BE(2) & (FLAG.recursionDesired | FLAG.checkingDisabled)) | flags | rcode, 2);
  writeCounts(answer, sent.length, edns === undefined ? 0 : 1);
  let offset = question.end;
  for (const { type, ttl, data } of sent) {
    answer.writeUInt16BE(0xc000 | HEADER_LENGTH, offset);
    answer.writeUInt16BE(type, offset + 2);
    answer.writeUInt16BE(CLASS_IN, offset + 4);
    answer.writeUInt32BE(ttl, offset + 6);
    answer.writeUInt16BE(data.length, offset + 10);
    data.copy(answer, offset + RECORD_LENGTH);
    offset += RECORD_LENGTH + data.length;
  }
  if (edns !== undefined) OWN_EDNS.copy(answer, offset);
  return answer;
}

function writeCounts(packet: Buffer, answerCount: number, additional: number): void {
  packet.writeUInt16BE(1, 4);
  packet.writeUInt16BE(answerCount, 6);
  packet.writeUInt16BE(0, 8);
  packet.writeUInt16BE(additional, 10);
}

/** A header that says no. */
export function refusalOf({ packet, rcode }: NonNullable<Refusal>): Buffer {
  const answer = Buffer.alloc(HEADER_LENGTH);
  packet.copy(answer, 0, 0, 2);
  answer.writeUInt16BE((packet.readUInt16BE(2) & (0x7800 | FLAG.recursionDesired)) | FLAG.response | FLAG.recursionAvailable | rcode, 2);
  return answer;
}

/**
 * Makes a server's answer that of one client: its identifier, its spelling of the name, and no longer than it takes. Writes into
 * `response`.
 */
export function readdress(response: Buffer, { packet, question, edns }: Query, limit: number): Buffer {
  packet.copy(response, 0, 0, 2);
  packet.copy(response, HEADER_LENGTH, HEADER_LENGTH, question.end);
  if (response.length <= limit) return response;
  const cut = Buffer.allocUnsafe(question.end + (edns === undefined ? 0 : OWN_EDNS.length));
  response.copy(cut, 0, 0, question.end);
  cut.writeUInt16BE(response.readUInt16BE(2) | FLAG.truncated, 2);
  writeCounts(cut, 0, edns === undefined ? 0 : 1);
  if (edns !== undefined) OWN_EDNS.copy(cut, question.end);
  return cut;
}

/** The packet to ask a server with: a new identifier, and a UDP size that arrives in one piece. */
export function forwardedPacket({ packet, edns }: Query, id: number): Buffer {
  const copy = Buffer.from(packet);
  copy.writeUInt16BE(id, 0);
  copy.writeUInt16BE((copy.readUInt16BE(2) & FLAG.checkingDisabled) | FLAG.recursionDesired | (copy.readUInt16BE(2) & 0x0020), 2);
  if (edns !== undefined) copy.writeUInt16BE(UDP_SIZE, edns.offset);
  return copy;
}

/** How much a client takes over UDP. */
export function udpLimit({ edns }: Pick<Query, "edns">): number {
  return edns === undefined ? PLAIN_UDP_SIZE : Math.min(Math.max(edns.size, PLAIN_UDP_SIZE), 4096);
}

/** A query as a stub resolver sends it. @returns undefined for what is no name. */
export function encodeQuery(name: string, type: number, id = 0): Query | undefined {
  const labels = name.replace(/\.$/, "").split(".");
  const bytes = name === "." ? [Buffer.from([0])] : [...labels.map(encodeLabel), Buffer.from([0])];
  if (bytes.some((label) => label === undefined)) return undefined;
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(FLAG.recursionDesired, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(1, 10);
  const query = parseQuery(Buffer.concat([header, ...(bytes as Buffer[]), Buffer.from([type >> 8, type & 0xff, 0, CLASS_IN]), OWN_EDNS]));
  return "refusal" in query ? undefined : query;
}

function encodeLabel(label: string): Buffer | undefined {
  const text = Buffer.from(label, "utf8");
  return text.length === 0 || text.length > 63 ? undefined : Buffer.concat([Buffer.from([text.length]), text]);
}

/** A name as a record's data; undefined for what is none. */
export function encodeName(name: string): Buffer | undefined {
  const labels = name.split(".").map(encodeLabel);
  if (labels.some((label) => label === undefined)) return undefined;
  const bytes = Buffer.concat([...(labels as Buffer[]), Buffer.from([0])]);
  return bytes.length > LONGEST_NAME ? undefined : bytes;
}
