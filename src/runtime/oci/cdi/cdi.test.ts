import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import type { OciSpec } from "#spec/oci-runtime/spec.ts";
import { lookUpDevices } from "../spec/devices/host-devices.ts";
import { editsFor, readCdiCatalogue } from "./catalogue.ts";
import { injectionOf, withInjection } from "./inject.ts";
import { cdiNames } from "./requests.ts";
import { parseCdiSpec } from "./spec-file.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "dhow-cdi-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Folders below the root with their files, by `folder/name`. */
function folders(files: Readonly<Record<string, object | string>>): string[] {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
  }
  return [join(root, "etc"), join(root, "run")];
}

const spec = (kind: string, devices: object[], edits: object = {}): object => ({
  cdiVersion: "0.6.0",
  kind,
  devices,
  containerEdits: edits,
});
const device = (name: string, edits: object = {}): object => ({ name, containerEdits: edits });

describe("a specification", () => {
  const whole = {
    cdiVersion: "1.0.0",
    kind: "vendor.com/gpu",
    annotations: { a: "b" },
    devices: [
      {
        name: "0",
        containerEdits: {
          deviceNodes: [{ path: "/dev/gpu0", hostPath: "/dev/null", permissions: "rw", uid: 7, fileMode: 0o600 }],
          env: ["GPU=0"],
        },
      },
    ],
    containerEdits: {
      env: ["VENDOR=1"],
      mounts: [{ hostPath: "/usr/lib/vendor.so", containerPath: "/usr/lib/vendor.so", options: ["ro", "nosuid", "rbind"] }],
      hooks: [{ hookName: "createContainer", path: "/usr/bin/hook", args: ["hook", "x"], timeout: 5 }],
      additionalGids: [44],
      intelRdt: { closID: "c" },
    },
  };

  it("is read whole", () => {
    const { kind, devices, edits } = parseCdiSpec(whole);
    expect(kind).toBe("vendor.com/gpu");
    expect(devices.get("0")).toEqual({
      env: ["GPU=0"],
      deviceNodes: [{ path: "/dev/gpu0", hostPath: "/dev/null", permissions: "rw", uid: 7, fileMode: 0o600 }],
      mounts: [],
      hooks: {},
      additionalGids: [],
    });
    expect(edits).toMatchObject({
      mounts: [{ type: "bind", hostPath: "/usr/lib/vendor.so" }],
      hooks: { createContainer: [{ path: "/usr/bin/hook", args: ["hook", "x"], timeout: 5 }] },
      intelRdt: { closID: "c" },
    });
  });

  const node = (fields: object): object => spec("a/b", [device("x", { deviceNodes: [fields] })]);
  it.each<[string, unknown, string]>([
    ["no object", [], "the file is not an object"],
    ["another version", { ...whole, cdiVersion: "2.0.0" }, "cdiVersion 2.0.0 is not known; the newest that is: 1.1.0"],
    ["no kind", { ...whole, kind: "gpu" }, 'kind "gpu" is not of the form vendor.com/class'],
    ["no devices", { ...whole, devices: [] }, "it has no devices"],
    ["a name that is none", spec("a/b", [device("x/y")]), 'devices[0] has the name "x/y"'],
    ["a name twice", spec("a/b", [device("x"), device("x")]), "the device x is there twice"],
    ["a path that is not absolute", node({ path: "dev/x" }), 'devices[0].containerEdits.deviceNodes[0].path "dev/x" is not absolute'],
    ["a mode that is none", node({ path: "/dev/x", fileMode: -1 }), "fileMode is not a number that can be"],
    ["permissions that are none", node({ path: "/dev/x", permissions: "x" }), 'permissions "x": out of r, w and m'],
    ["a pipe", node({ path: "/dev/x", type: "p" }), 'type "p" is no device'],
    ["a variable without a value", spec("a/b", [device("x")], { env: ["X"] }), 'containerEdits.env: "X" is not of the form NAME=VALUE'],
    ["an unknown hook", spec("a/b", [device("x")], { hooks: [{ hookName: "later", path: "/x" }] }), 'hookName "later": there are prestart'],
    ["a file system", spec("a/b", [device("x")], { mounts: [{ type: "nfs", hostPath: "/", containerPath: "/" }] }), 'type "nfs"'],
    ["a network device", spec("a/b", [device("x")], { netDevices: [] }), "no runtime of this engine can move network devices"],
    ["a list that is none", spec("a/b", [device("x")], { env: "X=1" }), "containerEdits.env is not a list"],
  ])("with %s is refused", (_, value, message) => {
    expect(() => parseCdiSpec(value)).toThrow(message);
  });
});

describe("the catalogue", () => {
  it("has those of JSON and of YAML, the later folder over the earlier", async () => {
    const catalogue = await readCdiCatalogue(
      folders({
        "etc/a.json": spec("v.com/gpu", [device("0", { env: ["FROM=etc"] }), device("1")]),
        "etc/note.txt": "not a specification",
        "run/b.yaml": "cdiVersion: '0.5.0'\nkind: v.com/gpu\ndevices:\n- name: '0'\n  containerEdits: {env: [FROM=run]}\n",
      }),
    );
    expect([...catalogue.devices.keys()].toSorted()).toEqual(["v.com/gpu=0", "v.com/gpu=1"]);
    expect(editsFor(catalogue, ["v.com/gpu=0"]).flatMap(({ env }) => env)).toEqual(["FROM=run"]);
    expect(catalogue.problems).toEqual([]);
  });

  it("is empty where there are no folders", async () => {
    expect((await readCdiCatalogue([join(root, "none")])).devices.size).toBe(0);
  });

  it("goes on past a broken file, and takes neither of two of one name; who asks for them is told why", async () => {
    const catalogue = await readCdiCatalogue(
      folders({
        "etc/a.json": spec("v.com/gpu", [device("0"), device("1")]),
        "etc/b.json": spec("v.com/gpu", [device("0")]),
        "etc/broken.json": "{",
        "etc/large.json": " ".repeat(4 * 1024 * 1024 + 1),
      }),
    );
    expect([...catalogue.devices.keys()]).toEqual(["v.com/gpu=1"]);
    expect(() => editsFor(catalogue, ["v.com/gpu=1", "v.com/gpu=0"])).toThrow(
      new RegExp(
        `CDI device injection failed: unresolvable CDI devices v.com/gpu=0 \\(${root}/etc/broken.json: .*; ${root}/etc/large.json: it is larger .*; v.com/gpu=0 is there more than once in ${root}/etc\\)`,
      ),
    );
  });

  it("gives what devices of one file share once", async () => {
    const catalogue = await readCdiCatalogue(
      folders({ "etc/a.json": spec("v.com/gpu", [device("0"), device("1")], { env: ["SHARED=1"] }) }),
    );
    expect(editsFor(catalogue, ["v.com/gpu=0", "v.com/gpu=1"]).flatMap(({ env }) => env)).toEqual(["SHARED=1"]);
  });
});

describe("requests", () => {
  const host = (...names: string[]): Parameters<typeof cdiNames>[1] => ({ devices: new Map(names.map((name) => [name, []])) });
  const nvidia = host("nvidia.com/gpu=0", "nvidia.com/gpu=all");
  const gpu = { Capabilities: [["gpu", "compute"]] };

  it.each<[string, Parameters<typeof cdiNames>[0][number], string[]]>([
    ["--device a.com/b=c", { Driver: "cdi", DeviceIDs: ["a.com/b=c"] }, ["a.com/b=c"]],
    ["--gpus all", { ...gpu, Count: -1 }, ["nvidia.com/gpu=all"]],
    ["--gpus 2", { ...gpu, Count: 2 }, ["nvidia.com/gpu=0", "nvidia.com/gpu=1"]],
    ["--gpus device=GPU-1", { ...gpu, DeviceIDs: ["GPU-1"] }, ["nvidia.com/gpu=GPU-1"]],
    ["--gpus driver=nvidia", { Driver: "nvidia", Count: -1 }, ["nvidia.com/gpu=all"]],
  ])("%s", (_, request, names) => {
    expect(cdiNames([request], nvidia)).toEqual(names);
  });

  test("--gpus all means what the host has", () => {
    expect(cdiNames([{ ...gpu, Count: -1 }], host("amd.com/gpu=0"))).toEqual(["amd.com/gpu=all"]);
  });

  it.each<[Parameters<typeof cdiNames>[0][number], string]>([
    [{ Driver: "cdi", DeviceIDs: ["x"] }, 'invalid CDI device name "x"'],
    [{ Driver: "cdi", DeviceIDs: ["a/b=c"], Count: 1 }, "the driver cdi takes names, and no Count"],
    [{ Driver: "cdi", DeviceIDs: ["a/b=c"], Options: { a: "b" } }, "the driver cdi has no Options"],
    [{ ...gpu, Count: 1, DeviceIDs: ["0"] }, "cannot set both Count and DeviceIDs on device request"],
    [{ ...gpu, Count: 1, Options: { a: "b" } }, "GPUs by CDI have no Options"],
    [{ Driver: "tpu", Count: 1, Capabilities: [["gpu"]] }, 'could not select device driver "tpu" with capabilities: [[gpu]]'],
    [{ Driver: "", Count: 1, Capabilities: [["tpu", "x"], ["y"]] }, 'could not select device driver "" with capabilities: [[tpu x] [y]]'],
  ])("%j is refused", (request, message) => {
    expect(() => cdiNames([request], nvidia)).toThrow(message);
  });
});

describe("what they change", () => {
  const before: OciSpec = {
    ociVersion: "1.0.2",
    process: { user: { uid: 1, gid: 2, additionalGids: [3] }, args: ["x"], env: ["A=1", "B=2"], cwd: "/" },
    root: { path: "/" },
    mounts: [],
    linux: { namespaces: [] },
  };
  const edits = { env: [], deviceNodes: [], mounts: [], hooks: {}, additionalGids: [] };

  test("variables, groups, hooks and the cache's class", () => {
    const hook = { path: "/bin/hook" };
    const injection = injectionOf([
      { ...edits, env: ["B=3", "C=4"], additionalGids: [3, 44], hooks: { poststop: [hook] } },
      { ...edits, hooks: { poststop: [hook], prestart: [hook] }, intelRdt: { closID: "c" } },
    ]);
    const after = withInjection(before, injection);
    expect(after.process).toEqual({ ...before.process, env: ["A=1", "B=3", "C=4"], user: { uid: 1, gid: 2, additionalGids: [3, 44] } });
    expect(after.hooks).toEqual({ poststop: [hook, hook], prestart: [hook] });
    expect(after.linux).toEqual({ namespaces: [], intelRdt: { closID: "c" } });
    expect(withInjection(before, undefined)).toBe(before);
  });

  test("mounts, as any others are placed", () => {
    const mount = (options: string[], type: "bind" | "tmpfs" = "bind") => ({ type, hostPath: "/h", containerPath: "/c", options });
    const { mounts } = injectionOf([
      { ...edits, mounts: [mount(["ro", "nosuid", "rbind"]), mount(["bind", "rslave"]), mount(["size=1m"], "tmpfs")] },
    ]);
    const common = { target: "/c", source: "/h" };
    expect(mounts).toEqual([
      { ...common, type: "bind", readOnly: true, propagation: "rprivate", options: ["nosuid"] },
      { ...common, type: "bind", readOnly: false, propagation: "rslave", options: ["bind"] },
      { ...common, type: "tmpfs", readOnly: false, propagation: "rprivate", options: ["size=1m"] },
    ]);
  });

  test("nodes, with the numbers that the host's have", async () => {
    const nodes = [{ path: "/dev/mine", hostPath: "/dev/full", permissions: "r", fileMode: 0o400 }, { path: "/dev/zero" }];
    const cdi = folders({ "etc/a.json": spec("a/b", [device("c", { deviceNodes: nodes })]) });
    const found = await lookUpDevices({ DeviceRequests: [{ Driver: "cdi", DeviceIDs: ["a/b=c"] }] }, cdi);
    expect(found.nodes).toMatchObject([
      { path: "/dev/mine", source: "/dev/full", type: "c", major: 1, minor: 7, fileMode: 0o400, access: "r", uid: undefined },
      { path: "/dev/zero", source: "/dev/zero", major: 1, minor: 5, access: "rwm" },
    ]);
    writeFileSync(join(root, "etc/a.json"), JSON.stringify(spec("a/b", [device("c", { deviceNodes: [{ path: "/dev/none" }] })])));
    await expect(lookUpDevices({ DeviceRequests: [{ Driver: "cdi", DeviceIDs: ["a/b=c"] }] }, cdi)).rejects.toThrow(
      'error gathering device information while adding custom device "/dev/none": no such file or directory',
    );
  });
});
