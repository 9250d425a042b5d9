import { statSync } from "node:fs";
import { connect } from "node:net";
import { resolve } from "node:path";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import type { BuildOffers } from "#client/builds/session.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { Environment } from "../cli.ts";
import { relayAgent } from "./relay-agent.ts";

export interface AgentPlaces {
  readonly environment: Environment;
  readonly currentFolder: string;
}

/**
 * `ID` or `ID=SOCKET`: the agents that RUN --mount=type=ssh may use, by id. A key file is refused: keys are the agent's, which signs and gives none away.
 *
 * @throws EngineError `invalid`, `not-found`.
 */
export function readAgents(texts: readonly string[], places: AgentPlaces): NonNullable<BuildOffers["agents"]> {
  const agents = new Map<string, (connection: Duplex) => Promise<void>>();
  for (const text of texts) {
    const { id, socket } = agentOf(text, places);
    if (agents.has(id)) throw new EngineError("invalid", `--ssh: ${id} is given more than once`);
    agents.set(id, async (connection) => await forward(socket, connection));
  }
  return agents;
}

function agentOf(text: string, { environment, currentFolder }: AgentPlaces): { readonly id: string; readonly socket: string } {
  const equals = text.indexOf("=");
  const id = (equals < 0 ? text : text.slice(0, equals)) || "default";
  const written = equals < 0 ? undefined : text.slice(equals + 1);
  const path = written === undefined || written === "" ? environment["SSH_AUTH_SOCK"] : written;
  if (path === undefined || path === "")
    throw new EngineError(
      "invalid",
      `--ssh ${id}: SSH_AUTH_SOCK is not set: start an agent (ssh-agent), or name its socket (--ssh ${id}=SOCKET)`,
    );
  const socket = resolve(currentFolder, path);
  const stats = statSync(socket, { throwIfNoEntry: false });
  if (stats === undefined) throw new EngineError("not-found", `--ssh ${id}: there is no socket ${socket}`);
  if (stats.isSocket()) return { id, socket };
  throw new EngineError(
    "invalid",
    `--ssh ${id}: ${socket} is no agent's socket: keys are not read, add them to an agent (ssh-add ${path})`,
  );
}

async function forward(socket: string, connection: Duplex): Promise<void> {
  const agent = connect(socket);
  try {
    await once(agent, "connect");
    await relayAgent(connection, agent);
  } finally {
    agent.destroy();
  }
}
