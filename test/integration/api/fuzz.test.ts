import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { fuzz } from "../../support/fuzz/fuzz.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";
import { figure, scaled } from "../../support/scale.ts";
import { Seeded } from "../../support/seeded.ts";
import { readSpecification } from "../../support/specification.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const specification = readSpecification();

/** Always the same questions in CI: what new ones would find is not a change's fault. */
const { seed } = scaled(new Seeded(20_261_130), new Seeded());
const requests = scaled(3000, 200_000);
const milliseconds = scaled(30_000, 7_200_000);

it.skipIf(specification === undefined)(
  `P16: random requests: every one answered, no error that is not declared, answers of the shape that is specified (${requests} of seed ${seed})`,
  { timeout: milliseconds + 60_000 },
  async () => {
    if (specification === undefined) return;
    const before = readdirSync(daemon.folder).toSorted();
    const report = await fuzz({ socket: daemon.socket, specification, seed, requests, milliseconds });
    figure(`fuzz, seed ${seed}`, `${report.requests} requests, ${report.findings.length} findings, ${JSON.stringify(report.statuses)}`);
    expect(report.findings.join("\n")).toBe("");
    // Not a file beside the daemon's own (P14), and it goes on as if nothing had been.
    expect(readdirSync(daemon.folder).toSorted()).toEqual(before);
    expect((await daemon.api("POST", "/containers/create?name=after", { Image: BUSYBOX, Cmd: ["true"] })).status).toBe(201);
    expect(await daemon.api("POST", "/containers/after/start")).toMatchObject({ status: 204 });
    expect(daemon.log).not.toMatch(/unhandled/i);
  },
);
