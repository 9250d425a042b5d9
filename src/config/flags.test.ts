import { expect, test } from "vitest";
import { parseFlags } from "./flags.ts";

test.each<[string[], object]>([
  [[], {}],
  [["--debug"], { debug: true }],
  [["--debug=false"], { debug: false }],
  [["-D", "-l", "warn"], { debug: true, "log-level": "warn" }],
  [["-lwarn", "-l=error"], { "log-level": "error" }],
  [["-DH", "unix:///x"], { debug: true, host: ["unix:///x"] }],
  [["-H", "unix:///a", "--host=fd://"], { host: ["unix:///a", "fd://"] }],
  [["--data-root", "--odd"], { "data-root": "--odd" }],
  [["--mtu=1400"], { mtu: 1400 }],
  [["--default-shm-size", "64M"], { "default-shm-size": 67_108_864 }],
  [["--dns", "1.1.1.1,8.8.8.8", "--dns", "::1"], { dns: ["1.1.1.1", "8.8.8.8", "::1"] }],
  [["--log-opt", "max-size=1m", "--log-opt", "a=b=c"], { "log-opt": { "max-size": "1m", a: "b=c" } }],
  [["--feature", "x", "--feature", "y=false"], { feature: { x: true, y: false } }],
  [
    ["--default-network-opt", "bridge=a=1", "--default-network-opt", "bridge=b=2"],
    { "default-network-opt": { bridge: { a: "1", b: "2" } } },
  ],
  [
    ["--default-ulimit", "nofile=1:2", "--default-ulimit", "core=0"],
    { "default-ulimit": { nofile: { soft: 1, hard: 2 }, core: { soft: 0, hard: 0 } } },
  ],
  [["--add-runtime", "y=/bin/y"], { "add-runtime": { y: { path: "/bin/y", args: [] } } }],
  [["--default-address-pool", "base=10.0.0.0/8,size=24"], { "default-address-pool": [{ base: "10.0.0.0/8", size: 24 }] }],
  [["--"], {}],
])("%j", (argv, settings) => {
  expect(parseFlags(argv)).toEqual(settings);
});

test.each<[string[], string]>([
  [["--foo"], "unknown flag: --foo\nSee 'dhowd --help'."],
  [["--builder", "x"], "unknown flag: --builder"],
  [["--debug", "--no-debug"], "unknown flag: --no-debug"],
  [["-z"], "unknown shorthand flag: 'z' in -z"],
  [["-Dz"], "unknown shorthand flag: 'z' in -z"],
  [["start"], '"dhowd" accepts no arguments.'],
  [["--", "x"], '"dhowd" accepts no arguments.'],
  [["-"], '"dhowd" accepts no arguments.'],
  [["--mtu"], "flag needs an argument: --mtu"],
  [["-H"], "flag needs an argument: 'H' in -H"],
  [["--debug=x"], 'invalid argument "x" for "-D, --debug" flag: want true or false'],
  [["--mtu", "1e3"], 'invalid argument "1e3" for "--mtu" flag: want a whole number'],
  [["--dns", "foo"], "invalid IP address: foo"],
  [["--default-shm-size", "x"], "invalid size: 'x'"],
  [["--default-ulimit", "nofile"], "invalid ulimit argument: nofile"],
  [["--default-ulimit", "nofile=2:1"], "ulimit soft limit must be less than or equal to hard limit: 2 > 1"],
  [["--default-ulimit", "foo=1"], "invalid ulimit type: foo"],
  [["--add-runtime", "x"], "invalid runtime argument: x"],
  [["--add-runtime", "runc=/x"], "runtime name 'runc' is reserved"],
  [["--add-runtime", "x="], "runtime 'x' has no path"],
  [["--log-opt", "x"], "invalid option (want key=value): x"],
  [["--default-address-pool", "base=10.0.0.0/8"], "want a whole number"],
  [["--default-address-pool", "base=10.0.0.0/8,size=4"], "size 4 has to lie between 8 and 32"],
  [["--default-address-pool", "base=10.0.0.0,size=24"], "is not a subnet"],
])("refuses %j", (argv, message) => {
  expect(() => parseFlags(argv)).toThrow(message);
});
