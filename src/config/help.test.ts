import { expect, test } from "vitest";
import { helpText } from "./help.ts";

test("--help", async () => {
  await expect(helpText()).toMatchFileSnapshot("help.golden");
});
