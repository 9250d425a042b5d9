/**
 * A program for x86-64 of some 140 bytes that makes one system call, `number(argument, 5, 0)`, and ends with its errno: a compiler need not
 * be there, nor a library.
 */
export function oneCall(number: number, argument: number): Buffer {
  const code = Buffer.from("b800000000bf00000000be0500000031d20f05f7d889c7b83c0000000f05", "hex");
  code.writeUInt32LE(number, 1);
  code.writeUInt32LE(argument, 6);
  const head = Buffer.from(
    "7f454c4602010100000000000000000002003e0001000000780040000000000040000000000000000000000000000000000000004000380001000000000000000100000005000000000000000000000000004000000000000000400000000000",
    "hex",
  );
  const sizes = Buffer.alloc(24);
  for (const offset of [0, 8]) sizes.writeBigUInt64LE(BigInt(120 + code.length), offset);
  sizes.writeBigUInt64LE(4096n, 16);
  return Buffer.concat([head, sizes, code]);
}
