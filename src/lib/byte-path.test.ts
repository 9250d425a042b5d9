import { expect, it } from "vitest";
import { bytePathOf, cString, shownPath } from "./byte-path.ts";

it("keeps every byte of a path", () => {
  const path = bytePathOf("etc/Főtanúsítvány.pem");
  expect(path).toHaveLength(Buffer.byteLength("etc/Főtanúsítvány.pem"));
  expect(shownPath(path)).toBe("etc/Főtanúsítvány.pem");
  expect(cString("a\xff")).toEqual(Buffer.from([0x61, 0xff, 0]));
  expect(shownPath("a\xff")).toBe("a\ufffd");
});
