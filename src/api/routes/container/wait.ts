import type { ExitReport } from "#container/run/exit/waiters.ts";
import type { WaitCondition } from "#container/run/wait.ts";
import { EngineError } from "#errors/engine-error.ts";
import { encodeLine } from "#http/body/ndjson.ts";
import type { ApiRequest, Reply } from "#http/route.ts";
import type { ContainerProcesses } from "./backend.ts";

const CONDITIONS: readonly WaitCondition[] = ["not-running", "next-exit", "removed"];

/** The headers go out at once: the CLI starts the container only when it knows that its wait is registered. */
export function waitContainer(backend: Pick<ContainerProcesses, "wait">, request: ApiRequest): Promise<Reply> {
  const condition = conditionOf(request.query.get("condition") ?? "");
  const { report } = backend.wait(request.params["id"] ?? "", condition, request.signal);
  return Promise.resolve({ kind: "stream", status: 200, contentType: "application/json", body: answer(report) });
}

function conditionOf(text: string): WaitCondition {
  if (text === "") return "not-running";
  const condition = CONDITIONS.find((known) => known === text);
  if (condition === undefined) throw new EngineError("invalid", `invalid condition: ${JSON.stringify(text)}`);
  return condition;
}

/** No `Error` where there is none: clients take an empty one for a failure. */
async function* answer(report: Promise<ExitReport>): AsyncGenerator<Uint8Array> {
  const { exitCode, error } = await report;
  yield encodeLine({ ...(error === undefined ? {} : { Error: { Message: error } }), StatusCode: exitCode });
}
