import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { useDaemon } from "../support/daemon.ts";
import { runProgram, type Ran } from "../support/docker-cli.ts";
import { eventually } from "../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../support/images.ts";
import { peers } from "../support/peers.ts";

const daemon = useDaemon({ images: [busyboxArchive] });
const program = peers()["COMPOSE"];

const PROJECT = `
services:
  db:
    image: ${BUSYBOX}
    command: sleep 1000
    networks:
      back:
        aliases: [data]
        ipv4_address: 10.213.91.77
  web:
    image: ${BUSYBOX}
    command: ["sh", "-c", "ping -c1 -W10 base && nslookup data && ping -c1 -W10 db && echo reached; sleep 1000"]
    depends_on: [db]
    links: ["db:base"]
    networks: [back, front]
networks:
  back:
    ipam: { config: [{ subnet: 10.213.91.0/24 }] }
  front: {}
`;

async function compose(...words: string[]): Promise<Ran> {
  const environment = { HOME: daemon.folder, DOCKER_HOST: daemon.host };
  return await runProgram([program ?? "", "-f", join(daemon.folder, "compose.yaml"), "-p", "shop", ...words], { environment });
}

it.skipIf(program === undefined)(
  "compose brings a project up whose services have aliases, links and addresses, and takes it down",
  async () => {
    writeFileSync(join(daemon.folder, "compose.yaml"), PROJECT);
    const up = await compose("up", "-d", "--wait");
    expect(up).toMatchObject({ code: 0 });
    expect(up.stderr).not.toMatch(/warn/i);
    const db = (await daemon.api("GET", "/containers/shop-db-1/json")).json;
    expect(db.NetworkSettings.Networks.shop_back).toMatchObject({ IPAddress: "10.213.91.77", Aliases: ["shop-db-1", "db", "data"] });
    expect(db.NetworkSettings.Networks.shop_back.DNSNames).toEqual(["shop-db-1", "db", "data", db.Id.slice(0, 12)]);
    await eventually(async () => expect((await compose("logs", "--no-color", "web")).stdout).toContain("reached"));
    expect((await compose("ps", "--format", "{{.Service}} {{.State}}")).stdout.trim().split("\n").toSorted()).toEqual([
      "db running",
      "web running",
    ]);
    const down = await compose("down", "-t", "0");
    expect(down).toMatchObject({ code: 0 });
    expect((await daemon.api("GET", "/containers/json?all=1")).json).toEqual([]);
    expect((await daemon.api("GET", '/networks?filters={"type":["custom"]}')).json).toEqual([]);
  },
);
