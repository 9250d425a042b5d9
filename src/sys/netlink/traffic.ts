import { attribute, nested, text, u32 } from "./attribute.ts";
import { type Message, NLM_F_CREATE, NLM_F_REPLACE } from "./message.ts";

/** Requests about traffic control, as data. Sources: linux/rtnetlink.h, pkt_sched.h, pkt_cls.h, tc_act/tc_mirred.h. */

const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;
const RTM_NEWTFILTER = 44;

const TCMSG = 20;
const TC_H_ROOT = 0xffff_ffff;
const TC_H_INGRESS = 0xffff_fff1;
const INGRESS_HANDLE = 0xffff_0000;
const ROOT_HANDLE = 0x0001_0000;

const TCA_KIND = 1;
const TCA_OPTIONS = 2;

const TCA_TBF_PARMS = 1;
const TCA_TBF_RATE64 = 4;
const TCA_TBF_BURST = 6;
const TC_LINKLAYER_ETHERNET = 1;
/** Of `struct tc_ratespec` and `struct tc_tbf_qopt`. */
const RATESPEC = 12;
const TBF_QOPT = 2 * RATESPEC + 12;
const MOST_RATE_32 = 0xffff_ffffn;

const TCA_U32_SEL = 5;
const TCA_U32_ACT = 7;
const TC_U32_TERMINAL = 1;
const TCA_ACT_KIND = 1;
const TCA_ACT_OPTIONS = 2;
const TCA_MIRRED_PARMS = 2;
const TC_ACT_STOLEN = 4;
const TCA_EGRESS_REDIR = 1;
const ETH_P_ALL_BE = 0x0300;

/** `struct tcmsg`. */
function header(index: number, parent: number, handle = 0, info = 0): Buffer {
  const buffer = Buffer.alloc(TCMSG);
  buffer.writeInt32LE(index, 4);
  buffer.writeUInt32LE(handle, 8);
  buffer.writeUInt32LE(parent, 12);
  buffer.writeUInt32LE(info, 16);
  return buffer;
}

/** A token bucket: so many bytes a second, so many at once, and so many that may wait before packets are dropped. */
export interface TokenBucket {
  /** Bytes a second. */
  readonly rate: number;
  /** Bytes. */
  readonly burst: number;
  /** Bytes. */
  readonly queue: number;
}

/** Lets an interface send no faster; in place of what it had. */
export function setTokenBucket(index: number, { rate, burst, queue }: TokenBucket): Message {
  const rate64 = BigInt(Math.trunc(rate));
  const options = Buffer.alloc(TBF_QOPT);
  options.writeUInt8(TC_LINKLAYER_ETHERNET, 1);
  // The cell's alignment says how packets are rounded: not at all.
  options.writeInt16LE(-1, 4);
  options.writeUInt32LE(Number(rate64 > MOST_RATE_32 ? MOST_RATE_32 : rate64), 8);
  options.writeUInt32LE(queue, 2 * RATESPEC);
  const whole = Buffer.alloc(8);
  whole.writeBigUInt64LE(rate64);
  const bucket = nested(TCA_OPTIONS, attribute(TCA_TBF_PARMS, options), attribute(TCA_TBF_RATE64, whole), u32(TCA_TBF_BURST, burst));
  const flags = NLM_F_CREATE | NLM_F_REPLACE;
  return { type: RTM_NEWQDISC, flags, payload: Buffer.concat([header(index, TC_H_ROOT, ROOT_HANDLE), text(TCA_KIND, "tbf"), bucket]) };
}

export function removeRootQueue(index: number): Message {
  return { type: RTM_DELQDISC, flags: 0, payload: header(index, TC_H_ROOT) };
}

/** Makes a place where what an interface receives can be looked at. Already there is no error. */
export function addIngress(index: number): Message {
  const payload = Buffer.concat([header(index, TC_H_INGRESS, INGRESS_HANDLE), text(TCA_KIND, "ingress")]);
  return { type: RTM_NEWQDISC, flags: NLM_F_CREATE, payload };
}

export function removeIngress(index: number): Message {
  return { type: RTM_DELQDISC, flags: 0, payload: header(index, TC_H_INGRESS, INGRESS_HANDLE) };
}

/** Sends everything that an interface receives through another one first. */
export function redirectIngress(index: number, to: number): Message {
  // One key that no bit of any packet can fail.
  const selector = Buffer.alloc(16 + 16);
  selector.writeUInt8(TC_U32_TERMINAL, 0);
  selector.writeUInt8(1, 2);
  const mirred = Buffer.alloc(28);
  mirred.writeInt32LE(TC_ACT_STOLEN, 8);
  mirred.writeInt32LE(TCA_EGRESS_REDIR, 20);
  mirred.writeUInt32LE(to, 24);
  const action = nested(1, text(TCA_ACT_KIND, "mirred"), nested(TCA_ACT_OPTIONS, attribute(TCA_MIRRED_PARMS, mirred)));
  const options = nested(TCA_OPTIONS, attribute(TCA_U32_SEL, selector), nested(TCA_U32_ACT, action));
  const priority = 1 << 16;
  const payload = Buffer.concat([header(index, INGRESS_HANDLE, 0, priority | ETH_P_ALL_BE), text(TCA_KIND, "u32"), options]);
  return { type: RTM_NEWTFILTER, flags: NLM_F_CREATE | NLM_F_REPLACE, payload };
}
