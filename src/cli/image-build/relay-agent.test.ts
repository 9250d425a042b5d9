import { duplexPair } from "node:stream";
import { expect, it } from "vitest";
import { relayAgent } from "./relay-agent.ts";

function message(...bytes: readonly number[]): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, Buffer.from(bytes)]);
}

it("lets identities be listed and data be signed, and nothing be added, removed, locked or extended", async () => {
  const [asker, askerEnd] = duplexPair();
  const [agent, agentEnd] = duplexPair();
  const seen: number[] = [];
  agentEnd.on("data", (data: Buffer) => {
    seen.push(data[4] ?? 0);
    agentEnd.write(message(100 + (data[4] ?? 0)));
  });
  const answers: number[] = [];
  asker.on("data", (data: Buffer) => {
    for (let at = 0; at < data.length; at += 5) answers.push(data[at + 4] ?? 0);
  });
  const done = relayAgent(askerEnd, agent);
  for (const type of [11, 17, 18, 19, 22, 25, 27, 13]) {
    // In pieces, as a socket may have them.
    const bytes = message(type);
    asker.write(bytes.subarray(0, 3));
    asker.write(bytes.subarray(3));
  }
  asker.end();
  await done;
  expect(seen).toEqual([11, 13]);
  expect(answers).toEqual([111, 5, 5, 5, 5, 5, 5, 113]);
});

it("ends with a message that is longer than any is", async () => {
  const [asker, askerEnd] = duplexPair();
  const [agent, agentEnd] = duplexPair();
  asker.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 11]));
  await relayAgent(askerEnd, agent);
  expect(agentEnd.read()).toBeNull();
});
