import type { Duplex } from "node:stream";

/** Requests of the agent's protocol (draft-miller-ssh-agent, 3) that give no key away and change nothing: list the identities, sign. */
const ALLOWED: ReadonlySet<number> = new Set([11, 13]);
const FAILURE = Buffer.from([0, 0, 0, 1, 5]);
/** As OpenSSH's own agent takes. */
const LARGEST = 256 * 1024;

/** Passes requests to an agent and its answers back, one after the other; all that would change the agent is answered with a failure. */
export async function relayAgent(asker: Duplex, agent: Duplex): Promise<void> {
  const answers = messagesOf(agent);
  for await (const request of messagesOf(asker)) {
    if (!ALLOWED.has(request[4] ?? 0)) {
      asker.write(FAILURE);
      continue;
    }
    agent.write(request);
    const answer = await answers.next();
    if (answer.done === true) return;
    asker.write(answer.value);
  }
}

/** Whole messages, each with its length of four bytes in front. Ends where one is longer than any is. */
async function* messagesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0);
  for await (const piece of stream) {
    held = Buffer.concat([held, piece]);
    while (held.length >= 4) {
      const length = held.readUInt32BE(0);
      if (length > LARGEST || length === 0) return;
      if (held.length < 4 + length) break;
      yield held.subarray(0, 4 + length);
      held = held.subarray(4 + length);
    }
  }
}
