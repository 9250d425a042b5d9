import { IMAGE, removeAll, timed, type Row } from "../row.ts";

/** `docker run --rm` of a program that ends at once: create, attach, wait, start, exit, remove. */
const cliRun = (name: string, target: number, ...flags: string[]): Row => ({
  name,
  unit: "ms",
  target,
  better: "less",
  rounds: 11,
  floor: "ideal",
  measure: (engine) => timed(() => engine.docker("run", "--rm", ...flags, IMAGE, "true")),
  clean: removeAll,
});

export const runBridge = cliRun("run-bridge", 0.25);
export const runNone = cliRun("run-none", 0.25, "--network", "none");
export const runHost = cliRun("run-host", 0.25, "--network", "host");
export const runPublish = cliRun("run-publish", 0.2, "-p", "18080:80");

/** The same without the CLI's own time. */
export const apiCycle: Row = {
  name: "api-cycle",
  unit: "ms",
  target: 0.15,
  better: "less",
  rounds: 15,
  measure: (engine) =>
    timed(async () => {
      const { Id } = JSON.parse(await engine.ok("POST", "/containers/create", { Image: IMAGE, Cmd: ["true"] })) as { Id: string };
      const ended = engine.ok("POST", `/containers/${Id}/wait?condition=next-exit`);
      await engine.ok("POST", `/containers/${Id}/start`);
      await ended;
      await engine.ok("DELETE", `/containers/${Id}`);
    }),
  clean: removeAll,
};
