import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { messageOf } from "#errors/engine-error.ts";
import { makePlan } from "./make-plan.ts";
import type { PlanOptions } from "./plan.ts";
import { fakeImages, planOptions } from "./testing/fake-images.ts";
import { printPlan } from "./testing/print-plan.ts";

/**
 * A folder a case: `Dockerfile`, `expected.txt` (the plan, or the error as the user reads it), and `options.json` where the build has
 * options. After a change that is meant, `vitest run -u` writes the expected texts anew: read them.
 */
const corpus = fileURLToPath(new URL("corpus", import.meta.url));

it.each(readdirSync(corpus).toSorted())("%s", async (name) => {
  const folder = `${corpus}/${name}`;
  const text = await planText(readFileSync(`${folder}/Dockerfile`), optionsOf(`${folder}/options.json`));
  await expect(text).toMatchFileSnapshot(`${folder}/expected.txt`);
});

function optionsOf(file: string): Partial<PlanOptions> {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Partial<PlanOptions>) : {};
}

async function planText(source: Uint8Array, options: Partial<PlanOptions>): Promise<string> {
  try {
    return printPlan(await makePlan(planOptions(source, options), fakeImages()));
  } catch (error) {
    return `error\n${messageOf(error)}\n`;
  }
}
