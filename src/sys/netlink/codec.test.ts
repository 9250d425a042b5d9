import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { addAddress, addDefaultRoute, parseAddress, parseRoute } from "./address.ts";
import { align, attribute, nested, parseAttributes, readText, readU32, text, u16be, u32, u8 } from "./attribute.ts";
import { forgetAddress, forgetPort } from "./conntrack.ts";
import { createBridge, createVethPair, deleteLink, parseLink, setLinkUp, setPortUp } from "./link.ts";
import { encodeMessage, NLM_F_REQUEST, NLMSG_ERROR, outcomeOf, parseReplies } from "./message.ts";
import { getInetTable, parseGeneration } from "./nftables.ts";

const hex = (buffer: Uint8Array): string => Buffer.from(buffer).toString("hex");

describe("attributes", () => {
  it("pads to four bytes and does not count the padding", () => {
    expect(hex(u8(7, 0xab))).toBe("05000700ab000000");
    expect(hex(text(3, "lo"))).toBe("070003006c6f0000");
    expect(hex(u16be(3, 53))).toBe("0600030000350000");
  });

  it("marks nesting", () => {
    expect(hex(nested(18, u32(1, 2)))).toBe("0c00128008000100" + "02000000");
  });

  it("reads back what was written, whatever the types and lengths", () => {
    const items = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 0x3fff }), fc.uint8Array({ maxLength: 40 })), {
      selector: ([type]) => type,
      maxLength: 20,
    });
    fc.assert(
      fc.property(items, (written) => {
        const read = parseAttributes(Buffer.concat(written.map(([type, payload]) => attribute(type, payload))));
        expect([...read].map(([type, payload]) => [type, hex(payload)])).toEqual(written.map(([type, payload]) => [type, hex(payload)]));
      }),
    );
  });

  it("does not run over a length that lies", () => {
    expect(parseAttributes(Buffer.from("ff00010001020304", "hex")).size).toBe(0);
    expect(parseAttributes(Buffer.from("0000010001020304", "hex")).size).toBe(0);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void parseAttributes(Buffer.from(bytes))));
  });

  it("reads numbers and text leniently", () => {
    expect(readU32(undefined)).toBeUndefined();
    expect(readU32(Buffer.from([1]))).toBeUndefined();
    expect(readText(Buffer.from("eth0\0junk"))).toBe("eth0");
    expect(readText(Buffer.from("eth0"))).toBe("eth0");
  });
});

describe("messages", () => {
  it("frames a request", () => {
    const buffer = encodeMessage({ type: 16, flags: 0x600, payload: Buffer.from([1, 2, 3]) }, 9);
    expect(buffer.length).toBe(20);
    expect(parseReplies(buffer)).toEqual([{ type: 16, flags: 0x600 | NLM_F_REQUEST, sequence: 9, payload: Buffer.from([1, 2, 3]) }]);
  });

  it("splits a datagram into its messages and stops at one that is cut", () => {
    const two = Buffer.concat([1, 2].map((sequence) => encodeMessage({ type: 5, flags: 0, payload: Buffer.alloc(5) }, sequence)));
    expect(parseReplies(two).map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(parseReplies(two.subarray(0, two.length - 4)).map(({ sequence }) => sequence)).toEqual([1]);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void parseReplies(Buffer.from(bytes))));
  });

  it("reads an acknowledgement, an error and the kernel's own sentence", () => {
    const error = (errno: number, flags: number, tail: Buffer = Buffer.alloc(0)) => {
      const payload = Buffer.alloc(20);
      payload.writeInt32LE(-errno, 0);
      payload.writeUInt32LE(16, 4);
      return { type: NLMSG_ERROR, flags, sequence: 1, payload: Buffer.concat([payload, tail]) };
    };
    expect(outcomeOf(error(0, 0))).toEqual({ errno: 0, explanation: undefined });
    expect(outcomeOf(error(17, 0x100))).toEqual({ errno: 17, explanation: undefined });
    expect(outcomeOf(error(22, 0x300, text(1, "Invalid prefix")))).toEqual({ errno: 22, explanation: "Invalid prefix" });
  });
});

describe("requests", () => {
  const info = (payload: Buffer) => parseAttributes(payload.subarray(16));

  it("creates a bridge with its own address", () => {
    const message = createBridge({ name: "dhow0", mac: "02:42:00:00:00:01", mtu: 1400 });
    const attributes = info(message.payload);
    expect(message).toMatchObject({ type: 16, flags: 0x600 });
    expect(parseLink(message.payload)).toMatchObject({ name: "dhow0", mac: "02:42:00:00:00:01", mtu: 1400, kind: "bridge", up: false });
    expect([...attributes.keys()]).toEqual([3, 4, 1, 18]);
  });

  it("creates a pair whose far end is born inside the namespace with its final name and address", () => {
    const { payload } = createVethPair({
      hostName: "dhv1",
      bridge: 7,
      peerName: "eth0",
      peerMac: "02:42:ac:11:00:02",
      mtu: 1500,
      namespace: 33,
    });
    expect(parseLink(payload)).toMatchObject({ name: "dhv1", master: 7, kind: "veth" });
    const data = parseAttributes(parseAttributes(info(payload).get(18) ?? Buffer.alloc(0)).get(2) ?? Buffer.alloc(0));
    const peer = data.get(1) ?? Buffer.alloc(0);
    expect(parseLink(peer)).toMatchObject({ name: "eth0", mac: "02:42:ac:11:00:02", mtu: 1500 });
    expect(readU32(info(peer).get(28))).toBe(33);
  });

  it("brings up by index and by name, and deletes by name", () => {
    expect(parseLink(setLinkUp(5).payload)).toMatchObject({ index: 5, up: true });
    expect(parseLink(setPortUp("veth1", { hairpin: true, isolated: false }).payload)).toMatchObject({ index: 0, name: "veth1", up: true });
    expect(hex(info(setPortUp("veth1", { hairpin: true, isolated: false }).payload).get(18) ?? Buffer.alloc(0))).toBe(
      "0b0004006272696467650000" + "0c0005800500040001000000",
    );
    expect(deleteLink("veth1").type).toBe(17);
  });

  it("adds an address with its broadcast address", () => {
    const message = addAddress({ index: 3, address: "172.17.0.2", prefixLength: 20 });
    expect(parseAddress(message.payload)).toEqual({ index: 3, address: "172.17.0.2", prefixLength: 20 });
    expect(hex(parseAttributes(message.payload.subarray(8)).get(4) ?? Buffer.alloc(0))).toBe("ac110fff");
    const narrow = addAddress({ index: 3, address: "10.0.0.0", prefixLength: 31 });
    expect(parseAttributes(narrow.payload.subarray(8)).has(4)).toBe(false);
  });

  it("adds a default route", () => {
    const message = addDefaultRoute("172.17.0.1");
    expect(parseRoute(message.payload)).toEqual({ destination: "0.0.0.0", prefixLength: 0, index: undefined });
    expect(hex(message.payload)).toBe("02000000fe03000100000000" + "08000500ac110001");
  });

  it("leaves the host's own addresses out of its routes", () => {
    const local = Buffer.concat([
      Buffer.from([2, 32, 0, 0, 255, 2, 254, 2, 0, 0, 0, 0]),
      u32(15, 255),
      attribute(1, Buffer.from([10, 0, 0, 1])),
    ]);
    expect(parseRoute(local)).toBeUndefined();
  });

  it("forgets by address on both sides, and by port", () => {
    const [origin, reply] = forgetAddress("172.17.0.2");
    expect(hex(origin?.payload ?? Buffer.alloc(0))).toBe("02000000" + "100001800c00018008000100ac110002" + "0c0019800800010001000000");
    expect(hex(reply?.payload ?? Buffer.alloc(0))).toBe("02000000" + "100002800c00018008000100ac110002" + "0c0019800800020001000000");
    const port = "18000180140002800500010011000000" + "0600030000350000" + "0c0019800800010028000000";
    expect(forgetPort(17, 53).map(({ payload }) => hex(payload))).toEqual([`02000000${port}`, `0a000000${port}`]);
    expect(hex(forgetAddress("fd00::2")[0]?.payload ?? Buffer.alloc(0))).toBe(
      "0a000000" + "1c00018018000180140003" + "00fd000000000000000000000000000002" + "0c0019800800010001000000",
    );
  });

  it("asks nftables for a table and reads the generation", () => {
    expect(hex(getInetTable("dhow").payload)).toBe("01000000" + "0900010064686f7700000000");
    expect(parseGeneration(Buffer.concat([Buffer.alloc(4), Buffer.from("080001000000002a", "hex")]))).toBe(42);
    expect(align(5)).toBe(8);
  });
});
