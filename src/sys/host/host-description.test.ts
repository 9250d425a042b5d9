import { expect, test } from "vitest";
import { describeHost, parseControllers, parseOsRelease } from "./host-description.ts";

test("os-release in every quoting", () => {
  const text = `# comment\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID='12'\nID=debian\nNAME="a \\"b\\" \\$c"\nbroken line\nX="unclosed\n`;
  expect(parseOsRelease(text)).toEqual({ PRETTY_NAME: "Debian GNU/Linux 12 (bookworm)", VERSION_ID: "12", ID: "debian", NAME: 'a "b" $c' });
});

test("controllers that are on", () => {
  expect(parseControllers("#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t3\t1\t1\nmemory\t0\t1\t0\npids\t5\t9\t1\n")).toEqual(
    new Set(["cpu", "pids"]),
  );
});

test("this host", () => {
  const host = describeHost();
  expect(host.controllers.size).toBeGreaterThan(0);
  expect(host.kernelVersion).toMatch(/^\d+\.\d+/);
});
