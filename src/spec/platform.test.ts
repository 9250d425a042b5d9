import { describe, expect, it } from "vitest";
import { formatPlatform, imageMatches, parsePlatform, parsePlatformJson, rankOf } from "./platform.ts";

const host = { os: "linux", architecture: "amd64", variant: undefined };

describe("parsePlatform", () => {
  it.each([
    ["linux/amd64", "linux/amd64"],
    ["linux/x86_64", "linux/amd64"],
    ["Linux/AArch64", "linux/arm64"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/arm", "linux/arm/v7"],
    ["linux/arm/6", "linux/arm/v6"],
    ["linux/armel", "linux/arm/v6"],
    ["arm64", "linux/arm64"],
    ["windows", "windows/amd64"],
    ["linux/toString", "linux/tostring"],
  ])("%s is %s", (text, normal) => {
    expect(formatPlatform(parsePlatform(text, host))).toBe(normal);
  });

  it.each(["", "/", "linux/", "a/b/c/d", "linux/../x", "linux/a b", `linux/${"a".repeat(65)}`])("%j is refused", (text) => {
    expect(() => parsePlatform(text, host)).toThrow("is an invalid platform");
  });
});

describe("parsePlatformJson", () => {
  it("reads the form of the inspect query", () => {
    expect(formatPlatform(parsePlatformJson('{"os":"linux","architecture":"arm","variant":"v5"}'))).toBe("linux/arm/v5");
  });

  it.each(["", "null", "[]", "{}", '{"os":"linux"}', '{"os":1,"architecture":"x"}'])("%j is refused", (text) => {
    expect(() => parsePlatformJson(text)).toThrow(expect.objectContaining({ category: "invalid" }));
  });
});

describe("matching", () => {
  it.each([
    ["linux/amd64", { os: "linux", architecture: "amd64" }, 0],
    ["linux/amd64", { os: "linux", architecture: "arm64" }, undefined],
    ["linux/arm64", { os: "linux", architecture: "arm64", variant: "v8" }, 0],
    ["linux/arm/v7", { os: "linux", architecture: "arm", variant: "v6" }, 1],
    ["linux/arm/v6", { os: "linux", architecture: "arm", variant: "v7" }, undefined],
    ["linux/amd64", { os: "unknown", architecture: "unknown" }, undefined],
  ])("%s and %j", (wanted, offered, rank) => {
    expect(rankOf(parsePlatform(wanted, host), offered)).toBe(rank);
  });

  it("takes an image without a variant for any of its architecture", () => {
    expect(imageMatches(parsePlatform("linux/arm/v6", host), { os: "linux", architecture: "arm" })).toBe(true);
    expect(imageMatches(parsePlatform("linux/arm/v6", host), { os: "linux", architecture: "arm", variant: "v7" })).toBe(false);
  });
});
