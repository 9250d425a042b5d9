import { i386Numbers, x86Numbers } from "./numbers.ts";
import {
  AF_ALG,
  AF_VSOCK,
  ANY_NEW_NAMESPACE,
  decide,
  EAFNOSUPPORT,
  ENOSYS,
  EPERM,
  LAST_FAMILY,
  PERSONALITIES,
  type Decisions,
  type SeccompTarget,
} from "./profile.ts";

/**
 * The default profile as the kernel's own program, for a runtime that takes one (crun's annotation `run.oci.seccomp_bpf_data`).
 * Letting libseccomp compile it costs 17 to 28 ms of processor time at every start, half of what crun needs for the rest; and
 * libseccomp knows only the calls of its own time, where the numbers are known here.
 *
 * The program asks for the instruction set, then halves the numbers until it knows the answer: about eight comparisons for a call
 * that the kernel has not already remembered as always allowed.
 */
interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

type Program = readonly Instruction[];

/** From a system call's number on, until the next one's. */
interface Step {
  readonly from: number;
  readonly answer: Program;
}

const LOAD = 0x20;
const JUMP = 0x05;
const IF_EQUAL = 0x15;
const IF_GREATER = 0x25;
const IF_AT_LEAST = 0x35;
const IF_ANY_BIT = 0x45;
const RETURN = 0x06;

/** Offsets in struct seccomp_data; of an argument its lower half, which is all that the kernel takes of an int. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;

const AUDIT_ARCH_X86_64 = 0xc000_003e;
const AUDIT_ARCH_I386 = 0x4000_0003;
/** Set in the numbers of the x32 instruction set. */
const X32_BIT = 0x4000_0000;

const ALLOW = answer(0x7fff_0000);
const KILL_PROCESS = answer(0x8000_0000);
const FARTHEST = 255;

/** Undefined for an architecture whose numbers are not in the table; the profile is then the runtime's to compile. */
export function defaultFilter(target: SeccompTarget): Buffer | undefined {
  if (target.architecture !== "amd64") return undefined;
  const decisions = decide(target);
  const native = [...steps(x86Numbers, decisions), { from: X32_BIT, answer: errno(ENOSYS) }];
  return encode(perArchitecture(search(native), search(steps(i386Numbers, decisions))));
}

/** Any other instruction set would be judged by the wrong numbers. */
function perArchitecture(native: Program, compat: Program): Program {
  const loadNumber = { code: LOAD, jt: 0, jf: 0, k: NUMBER };
  return [
    { code: LOAD, jt: 0, jf: 0, k: ARCHITECTURE },
    { code: IF_EQUAL, jt: 1, jf: 0, k: AUDIT_ARCH_X86_64 },
    { code: JUMP, jt: 0, jf: 0, k: 1 + native.length },
    loadNumber,
    ...native,
    { code: IF_EQUAL, jt: 1, jf: 0, k: AUDIT_ARCH_I386 },
    ...KILL_PROCESS,
    loadNumber,
    ...compat,
  ];
}

/** The answers in the order of the numbers, neighbours with the same answer as one. */
function steps(numbers: ReadonlyMap<string, number>, decisions: Decisions): Step[] {
  const answers = new Map<number, Program>();
  for (const [name, number] of numbers) answers.set(number, answerTo(name, decisions));
  const last = Math.max(...answers.keys());
  const result: Step[] = [];
  for (let from = 0; from <= last + 1; from++) {
    const next = answers.get(from) ?? errno(ENOSYS);
    const previous = result.at(-1);
    if (previous === undefined || !isSame(previous.answer, next)) result.push({ from, answer: next });
  }
  return result;
}

function answerTo(name: string, { allowed, refused, restrictClone }: Decisions): Program {
  if (name === "socket") return socketAnswer();
  if (name === "personality") return personalityAnswer();
  if (name === "clone" && restrictClone)
    return [argument(0), { code: IF_ANY_BIT, jt: 0, jf: 1, k: ANY_NEW_NAMESPACE }, ...errno(EPERM), ...ALLOW];
  if (allowed.has(name)) return ALLOW;
  return errno(refused.has(name) ? EPERM : ENOSYS);
}

function socketAnswer(): Program {
  return [
    argument(0),
    { code: IF_EQUAL, jt: 3, jf: 0, k: AF_ALG },
    { code: IF_EQUAL, jt: 2, jf: 0, k: AF_VSOCK },
    { code: IF_GREATER, jt: 1, jf: 0, k: LAST_FAMILY },
    ...ALLOW,
    ...errno(EAFNOSUPPORT),
  ];
}

function personalityAnswer(): Program {
  const tests = PERSONALITIES.map((k, index) => ({ code: IF_EQUAL, jt: PERSONALITIES.length - index, jf: 0, k }));
  return [argument(0), ...tests, ...errno(EPERM), ...ALLOW];
}

function search(list: readonly Step[]): Program {
  const [first] = list;
  if (first === undefined || list.length === 1) return first?.answer ?? errno(ENOSYS);
  const middle = list.length >> 1;
  const lower = search(list.slice(0, middle));
  const upper = search(list.slice(middle));
  const k = list[middle]?.from ?? 0;
  // A conditional jump reaches 255 instructions, an unconditional one any number.
  if (lower.length <= FARTHEST) return [{ code: IF_AT_LEAST, jt: lower.length, jf: 0, k }, ...lower, ...upper];
  return [{ code: IF_AT_LEAST, jt: 0, jf: 1, k }, { code: JUMP, jt: 0, jf: 0, k: lower.length }, ...lower, ...upper];
}

function argument(index: number): Instruction {
  return { code: LOAD, jt: 0, jf: 0, k: FIRST_ARGUMENT + 8 * index };
}

function errno(number: number): Program {
  return answer(0x5_0000 + number);
}

function answer(k: number): Program {
  return [{ code: RETURN, jt: 0, jf: 0, k }];
}

function isSame(a: Program, b: Program): boolean {
  return a.length === 1 && b.length === 1 && a[0]?.k === b[0]?.k;
}

/** struct sock_filter, in the byte order of x86. */
function encode(program: Program): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jt, index * 8 + 2);
    bytes.writeUInt8(jf, index * 8 + 3);
    bytes.writeUInt32LE(k, index * 8 + 4);
  }
  return bytes;
}
