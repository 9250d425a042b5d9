import { describe, expect, it } from "vitest";
import { filterFlag } from "./filter-flag.ts";
import { integer, list, text, toggle } from "./flag.ts";
import { parseArguments } from "./parse.ts";

const flags = {
  all: toggle("", { short: "a" }),
  detach: toggle("", { short: "d" }),
  proxy: toggle("", { initial: true }),
  env: list("", { short: "e" }),
  filter: filterFlag,
  name: text(""),
  tail: integer("", { short: "n" }),
};

const parse = (argv: string, interspersed = true): ReturnType<typeof parseArguments<typeof flags>> =>
  parseArguments(flags, argv === "" ? [] : argv.split(" "), interspersed);

describe("flags", () => {
  it.each<[string, object, string[]]>([
    ["", { all: false, proxy: true, env: [], name: undefined }, []],
    ["-a", { all: true }, []],
    ["-ad x", { all: true, detach: true }, ["x"]],
    ["-adn3", { all: true, detach: true, tail: 3 }, []],
    ["-adn 3", { tail: 3 }, []],
    ["-n=3", { tail: 3 }, []],
    ["-n -3", { tail: -3 }, []],
    ["--proxy=false --all=1", { proxy: false, all: true }, []],
    ["--all=F", { all: false }, []],
    ["--all false", { all: true }, ["false"]],
    ["--name=x --name y", { name: "y" }, []],
    ["--name=", { name: "" }, []],
    ["--name a=b=c", { name: "a=b=c" }, []],
    ["-eA=1 -e B=2 --env C --env=D=", { env: ["A=1", "B=2", "C", "D="] }, []],
    ["--filter label=a=b -f Label=c -f id=1", { filter: { label: ["a=b", "c"], id: ["1"] } }, []],
    ["x --all y", { all: true }, ["x", "y"]],
    ["x -- --all -z", { all: false }, ["x", "--all", "-z"]],
    ["- x", {}, ["-", "x"]],
  ])("%j", (argv, values, words) => {
    const parsed = parse(argv);
    expect(parsed.values).toMatchObject(values);
    expect(parsed.words).toEqual(words);
  });

  it("end at the first word where the rest is a program's", () => {
    expect(parse("-d image sh -c --all -- -x", false)).toMatchObject({
      values: { detach: true, all: false },
      words: ["image", "sh", "-c", "--all", "--", "-x"],
    });
    expect(parse("-d -- --image -a", false).words).toEqual(["--image", "-a"]);
  });

  it("ask for help, unless -h is a flag's", () => {
    expect(parse("--help --nonsense").help).toBe(true);
    expect(parse("-h").help).toBe(true);
    expect(parse("x --help", false).help).toBe(false);
    expect(parseArguments({ hostname: text("", { short: "h" }) }, ["-h", "boat"], false)).toMatchObject({
      help: false,
      values: { hostname: "boat" },
    });
  });

  it("of no prototype are none", () => {
    expect(() => parse("--constructor x")).toThrow("unknown flag: --constructor");
  });

  it.each([
    ["--nonsense", "unknown flag: --nonsense"],
    ["--nonsense=1", "unknown flag: --nonsense"],
    ["-az", "unknown shorthand flag: 'z' in -z"],
    ["-za", "unknown shorthand flag: 'z' in -za"],
    ["--name", "flag needs an argument: --name"],
    ["-an", "flag needs an argument: 'n' in -n"],
    ["-n x", 'invalid argument "x" for "-n, --tail" flag: must be a whole number'],
    ["--proxy=maybe", 'invalid argument "maybe" for "--proxy" flag: must be true or false'],
    ["-f label", 'invalid argument "label" for "-f, --filter" flag: bad format of filter (expected name=value)'],
  ])("%j is refused: %s", (argv, message) => {
    expect(() => parse(argv)).toThrow(expect.objectContaining({ message, exitCode: 125 }));
  });
});
