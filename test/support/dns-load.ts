import { createSocket } from "node:dgram";
import * as dns from "dns-packet";

/**
 * A program that asks 127.0.0.11 for one name, keeping `window` questions under way for so many milliseconds, and prints how many
 * answers came and how many milliseconds that took. Run inside a container's network: `nsenter --net=… node dns-load.ts NAME WINDOW MS`.
 */
const [name = "", window = "64", milliseconds = "3000"] = process.argv.slice(2);
const packet = dns.encode({ type: "query", id: 1, flags: dns.RECURSION_DESIRED, questions: [{ type: "A", name }] });
// Several sockets, as several programs have: one alone would wait for its own buffer.
const sockets = Array.from({ length: 8 }, () => createSocket({ type: "udp4", lookup: (host, _, done) => done(null, host, 4) }));
let answered = 0;
let heard = 0;

const ask = (socket: (typeof sockets)[number]): void => socket.send(packet, 53, "127.0.0.11");
for (const socket of sockets) {
  socket.on("error", () => {});
  socket.on("message", () => {
    answered += 1;
    ask(socket);
  });
}
const fill = (): void => {
  for (let count = 0; count < Number(window); count++) ask(sockets[count % sockets.length] as (typeof sockets)[number]);
};
fill();
const began = performance.now();
// What was dropped is asked again, so that the window stays full.
const refill = setInterval(() => {
  if (answered === heard) fill();
  heard = answered;
}, 100);
setTimeout(() => {
  clearInterval(refill);
  process.stdout.write(`${answered} ${performance.now() - began}\n`);
  process.exit();
}, Number(milliseconds));
