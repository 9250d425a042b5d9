import { parentPort, workerData } from "node:worker_threads";
import { enterNamespace, NamespaceLostError } from "./netns/namespace.ts";
import { openOperations, type Operations } from "./netns/operations.ts";
import { type Answer, type Call, failureOf } from "./netns/wire.ts";

/**
 * The network worker: a thread of its own that makes namespaces, interfaces and rules. Its calls run under locks of the kernel
 * that others can hold for tens of milliseconds, and a network namespace belongs to a thread: both forbid the event loop.
 */
function serve(): void {
  const { namespace } = workerData as { namespace: string | undefined };
  if (namespace !== undefined) enterNamespace(namespace);
  const operations = openOperations();
  parentPort?.on("message", (call: Call) => parentPort?.postMessage(answer(operations, call)));
}

function answer(operations: Operations, call: Call): Answer {
  const operation = operations[call.name] as (...parameters: Call["parameters"]) => unknown;
  try {
    return { id: call.id, value: operation(...call.parameters) };
  } catch (error) {
    // This thread is in a container's network and cannot leave it: it ends, and the next call gets a new one.
    if (error instanceof NamespaceLostError) throw error;
    return { id: call.id, failure: failureOf(error) };
  }
}

serve();
