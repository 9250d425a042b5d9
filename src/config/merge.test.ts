import { expect, test } from "vitest";
import { mergeSettings, refuseUnready } from "./merge.ts";
import { keyOf } from "./options.ts";

test("takes what either says", () => {
  expect(mergeSettings({ debug: true }, { mtu: 1400 })).toEqual({ debug: true, mtu: 1400 });
});

test("names what both say, with both values", () => {
  const merge = (): unknown => mergeSettings({ mtu: 1300, label: ["c=d"], debug: false }, { label: ["a=b"], mtu: 1400, debug: false });
  expect(merge).toThrow("the following directives are specified both as a flag and in the configuration file: ");
  expect(merge).toThrow("mtu: (from flag: 1300, from file: 1400)");
  expect(merge).toThrow("labels: (from flag: [c=d], from file: [a=b])");
  expect(merge).toThrow("debug: (from flag: false, from file: false)");
});

test("shows no password of a proxy", () => {
  const merge = (): unknown => mergeSettings({ "http-proxy": "http://me:secret@p:1" }, { "http-proxy": "http://x:secret@q" });
  expect(merge).toThrow("proxies.http-proxy: (from flag: http://xxxxx:xxxxx@p:1, from file: http://xxxxx:xxxxx@q)");
});

test("puts runtimes of both together", () => {
  const a = { path: "/a", args: [] };
  expect(mergeSettings({ "add-runtime": { a } }, { "add-runtime": { b: a } })).toEqual({ "add-runtime": { a, b: a } });
  expect(() => mergeSettings({ "add-runtime": { a } }, { "add-runtime": { a } })).toThrow("runtime 'a' was already defined");
});

test("what is not honoured is refused by name, what says nothing new is not", () => {
  const refuse = (settings: object): void => refuseUnready(settings, (option) => keyOf(option) ?? option);
  refuse({ debug: true, "allow-direct-routing": false, iptables: true, "storage-driver": "btrfs" });
  expect(() => refuse({ "allow-direct-routing": true })).toThrow(
    "allow-direct-routing is not implemented yet by Dhow, other than false. Leave it out",
  );
  expect(() => refuse({ "cpu-rt-period": 1, containerd: "x" })).toThrow("cpu-rt-period is not implemented yet by Dhow");
  expect(() => refuse({ "cpu-rt-period": 1, containerd: "x" })).toThrow("containerd is not implemented yet by Dhow");
});
