import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

const module = JSON.stringify(new URL("./leave.ts", import.meta.url).href);

it("ends at once with the code, what was written said, and no listener heard", () => {
  const program = `import { leave } from ${module}; process.on("exit", () => console.log("heard")); console.log("said"); leave(7);`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  expect([status, stdout, stderr]).toEqual([7, "said\n", ""]);
});
