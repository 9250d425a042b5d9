import { IMAGE, removeAll, timed, type Row } from "../row.ts";
import type { BenchEngine } from "../engine.ts";

const LINES = 1_000_000;
/** All of it is kept: dockerd does that by itself, this engine when it is told to. */
const LogConfig = { Type: "json-file", Config: { "max-size": "1g", "max-file": "2" } };
const written = new Map<BenchEngine, string>();

/** A container that writes a million lines, until it has ended. */
export const logWrite: Row = {
  name: "log-write-1M",
  unit: "ms",
  target: 0.4,
  better: "less",
  rounds: 2,
  measure: (engine) =>
    timed(async () => {
      const id = await engine.run({
        Image: IMAGE,
        HostConfig: { LogConfig },
        Cmd: ["sh", "-c", `yes "a line of a log, about as long as such lines are" | head -n ${LINES}`],
      });
      await engine.ok("POST", `/containers/${id}/wait`);
      written.set(engine, id);
    }),
};

export const logRead: Row = {
  name: "log-read-1M",
  unit: "ms",
  target: 0.2,
  better: "less",
  rounds: 2,
  async prepare(engine) {
    if (!written.has(engine)) await logWrite.measure(engine);
  },
  measure: (engine) =>
    timed(async () => {
      const size = (await engine.ok("GET", `/containers/${written.get(engine) ?? ""}/logs?stdout=1`)).length;
      if (size < LINES * 20) throw new Error(`${engine.name}: only ${size} bytes of log`);
    }),
  async clean(engine) {
    written.delete(engine);
    await removeAll(engine);
  },
};

const attach = (name: string, target: number, ...flags: string[]): Row => ({
  name,
  unit: "ms",
  target,
  better: "less",
  rounds: 3,
  floor: "ideal",
  measure: (engine) =>
    timed(async () => {
      const bytes = await engine.dockerBytes("run", "--rm", ...flags, IMAGE, "dd", "if=/dev/zero", "bs=64k", "count=8000");
      if (bytes < 8000 * 65536) throw new Error(`${engine.name}: only ${bytes} bytes arrived`);
    }),
  clean: removeAll,
});

export const attachPlain = attach("attach-500M", 0.4, "--log-driver", "none");
export const attachLogged = attach("attach-500M-log", 0.25);
