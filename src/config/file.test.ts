import { expect, test } from "vitest";
import { parseConfigFile } from "./file.ts";
import { keyOf, optionNames } from "./options.ts";

test.each<[string, object]>([
  ["", {}],
  [" \n", {}],
  ["\uFEFF{}", {}],
  ['{"debug":true,"labels":["a=b"],"hosts":["fd://"]}', { debug: true, label: ["a=b"], host: ["fd://"] }],
  ['{"live-restore":null,"proxies":null}', {}],
  ['{"proxies":{"http-proxy":"http://p:1","no-proxy":"x"}}', { "http-proxy": "http://p:1", "no-proxy": "x" }],
  ['{"default-shm-size":"64M"}', { "default-shm-size": 67_108_864 }],
  ['{"default-shm-size":1024}', { "default-shm-size": 1024 }],
  ['{"runtimes":{"a":{"path":"/bin/a","runtimeArgs":["--x"]}}}', { "add-runtime": { a: { path: "/bin/a", args: ["--x"] } } }],
  ['{"default-ulimits":{"nofile":{"Name":"nofile","Hard":2,"Soft":1}}}', { "default-ulimit": { nofile: { soft: 1, hard: 2 } } }],
  ['{"default-address-pools":[{"base":"10.0.0.0/8","size":24}]}', { "default-address-pool": [{ base: "10.0.0.0/8", size: 24 }] }],
  ['{"default-network-opts":{"bridge":{"a":"b"}}}', { "default-network-opt": { bridge: { a: "b" } } }],
  ['{"features":{"x":false}}', { feature: { x: false } }],
  ['{"builder":{"gc":{"enabled":true}}}', { builder: { gc: { enabled: true } } }],
  ['{"host-gateway-ip":["1.2.3.4"]}', { "host-gateway-ip": ["1.2.3.4"] }],
])("reads %s", (text, settings) => {
  expect(parseConfigFile(text)).toEqual(settings);
});

test.each<[string, string]>([
  ['{"foo":1,"bar":2}', "the following directives don't match any configuration option: foo, bar"],
  ['{"Debug":true}', "don't match any configuration option: Debug"],
  ['{"label":["a=b"]}', "don't match any configuration option: label"],
  ['{"config-file":"x"}', "don't match any configuration option: config-file"],
  ['{"http-proxy":"x"}', "don't match any configuration option: http-proxy"],
  ['{"proxies":{"foo":1}}', "don't match any configuration option: proxies.foo"],
  ['{"__proto__":{"debug":true}}', "don't match any configuration option: __proto__"],
  ['{"constructor":1}', "don't match any configuration option: constructor"],
  ['{"mtu":1400,"mtu":1500}', 'duplicate key "mtu"'],
  ['{"mtu":1400,"\\u006dtu":1500}', 'duplicate key "mtu"'],
  ['{"host-gateway-ip":["1.1.1.1"],"host-gateway-ips":["1.1.1.1"]}', "must not both be specified"],
  ["{", "invalid JSON"],
  ["[]", "invalid JSON: want an object, not a list"],
  ['{"mtu":"x"}', "mtu: want a number, not a string"],
  ['{"mtu":1.5}', "mtu: want a whole number"],
  ['{"tls":1}', "tls: want a boolean, not a number"],
  ['{"labels":"a=b"}', "labels: want a list, not a string"],
  ['{"labels":[null]}', "labels: want a string, not null"],
  ['{"dns":["x"]}', "dns: invalid IP address: x"],
  ['{"features":{"x":1}}', "features: want a boolean, not a number"],
  ['{"proxies":[]}', "proxies: want an object, not a list"],
  ['{"runtimes":{"a":{"path":"/x","runtimeType":"y"}}}', "runtimes: runtime 'a': runtimeType is not implemented yet by Dhow"],
  ['{"runtimes":{"a":{}}}', "runtimes: want a string, not undefined"],
  ['{"default-ulimits":{"nofile":{"Name":"core","Hard":2,"Soft":1}}}', 'ulimit nofile: its Name is "core"'],
  ['{"default-address-pools":[{"base":"10.0.0.0/8","size":"x"}]}', "want a number, not a string"],
])("refuses %s", (text, message) => {
  expect(() => parseConfigFile(text)).toThrow(message);
});

test("no two options share a key", () => {
  const keys = optionNames.map(keyOf).filter((key) => key !== undefined);
  expect(new Set(keys).size).toBe(keys.length);
});
