import { describe, expect, it } from "vitest";
import { parseImageConfig } from "./image-config.ts";

const parse = (value: unknown): ReturnType<typeof parseImageConfig> =>
  parseImageConfig(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
const rootfs = { type: "layers", diff_ids: [`sha256:${"a".repeat(64)}`] };
const file = (extra: object): object => ({ architecture: "amd64", os: "linux", rootfs, ...extra });

describe("parseImageConfig", () => {
  it("takes over what an image may say", () => {
    const config = {
      User: "1000",
      Env: ["A=1"],
      Cmd: ["sh"],
      Volumes: { "/data": {} },
      ExposedPorts: { "80/tcp": {} },
      Labels: { a: "b" },
      StopSignal: "SIGINT",
    };
    const full = file({
      config,
      created: "2024-01-01T00:00:00Z",
      author: "me",
      variant: "v8",
      history: [{ created_by: "x", empty_layer: true }],
    });
    expect(parse(full)).toEqual(full);
  });

  it("leaves out what only a host may decide (CVE-2014-6408)", () => {
    const evil = { Env: [], Privileged: true, SecurityOpt: ["seccomp=unconfined"], HostConfig: { Privileged: true }, CapAdd: ["ALL"] };
    expect(parse(file({ config: evil, HostConfig: { Privileged: true } }))).toEqual({ ...file({ config: { Env: [] } }), history: [] });
  });

  it("takes a bare string for a command, as Docker does", () => {
    expect(parse(file({ config: { Cmd: "sh", Entrypoint: null } })).config).toEqual({ Cmd: ["sh"] });
  });

  it("keeps a key __proto__ as plain data", () => {
    const { config } = parse(`{"architecture":"a","os":"linux","rootfs":{"type":"layers"},"config":{"Labels":{"__proto__":"x"}}}`);
    expect(Object.keys(config?.Labels ?? {})).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ["no JSON", "{", "invalid image configuration"],
    ["a list", [], "not an object"],
    ["a key twice", '{"os":"linux","os":"windows"}', "duplicate key"],
    ["no layers", { architecture: "a", os: "linux" }, "rootfs is not an object"],
    ["layers of another kind", file({ rootfs: { type: "x", diff_ids: [] } }), "not of type layers"],
    ["a diff id that is a path", file({ rootfs: { type: "layers", diff_ids: ["../x"] } }), "no digest"],
    ["more layers than can be stacked", file({ rootfs: { type: "layers", diff_ids: Array(501).fill(rootfs.diff_ids[0]) } }), "at most 500"],
    ["Env as a map", file({ config: { Env: { A: "1" } } }), "Env"],
    ["a number for a user", file({ config: { User: 0 } }), "User"],
    ["a NUL", file({ config: { Env: ["A=\0"] } }), "NUL"],
    ["history that is none", file({ history: "x" }), "history"],
    ["a date that is no text", file({ created: 1 }), "created is not a string"],
    ["64 levels and more", `{"a":${"[".repeat(100)}${"]".repeat(100)}}`, "nested deeper"],
  ])("refuses %s", (_, value, message) => {
    expect(() => parse(value)).toThrow(expect.objectContaining({ category: "invalid", message: expect.stringContaining(message) }));
  });
});
