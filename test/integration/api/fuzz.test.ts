import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { fuzz } from "../../support/fuzz/fuzz.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { readSpecification } from "../../support/specification.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const specification = readSpecification();

const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
/** `DHOW_FUZZ_REQUESTS=200000 DHOW_FUZZ_SECONDS=36000 DHOW_FUZZ_SEED=$RANDOM` is the whole of security.md P16. */
const seed = number("DHOW_FUZZ_SEED", 20_261_130);
const requests = number("DHOW_FUZZ_REQUESTS", 3000);
const milliseconds = number("DHOW_FUZZ_SECONDS", 40) * 1000;

it.skipIf(specification === undefined)(
  `P16: ${requests} random requests of seed ${seed}: every one answered, no error that is not declared, answers of the shape that is specified`,
  { timeout: milliseconds + 60_000 },
  async () => {
    if (specification === undefined) return;
    const before = readdirSync(daemon.folder).toSorted();
    const report = await fuzz({ socket: daemon.socket, specification, seed, requests, milliseconds });
    console.log(`fuzz: seed ${seed}, ${report.requests} requests, ${JSON.stringify(report.statuses)}`);
    expect(report.findings.join("\n")).toBe("");
    // Not a file beside the daemon's own (P14), and it goes on as if nothing had been.
    expect(readdirSync(daemon.folder).toSorted()).toEqual(before);
    expect((await daemon.api("POST", "/containers/create?name=after", { Image: BUSYBOX, Cmd: ["true"] })).status).toBe(201);
    expect(await daemon.api("POST", "/containers/after/start")).toMatchObject({ status: 204 });
    expect(daemon.log).not.toMatch(/unhandled/i);
  },
);
