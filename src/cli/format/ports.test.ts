import { expect, it } from "vitest";
import type { PortSummary } from "#spec/docker-api/types.ts";
import { showPorts } from "./ports.ts";

const port = (PrivatePort: number, PublicPort?: number, IP?: string, Type: "tcp" | "udp" = "tcp"): PortSummary => ({
  PrivatePort,
  Type,
  ...(PublicPort === undefined ? {} : { PublicPort }),
  ...(IP === undefined ? {} : { IP }),
});

it.each<[string, PortSummary[]]>([
  ["", []],
  ["80/tcp", [port(80)]],
  ["80-82/tcp", [port(82), port(80), port(81)]],
  ["80/tcp, 82/tcp", [port(80), port(82)]],
  ["53/tcp, 53/udp", [port(53, undefined, undefined, "udp"), port(53)]],
  ["0.0.0.0:8080->80/tcp", [port(80, 8080, "0.0.0.0")]],
  ["0.0.0.0:80-81->80-81/tcp, [::]:80->80/tcp", [port(80, 80, "0.0.0.0"), port(80, 80, "::"), port(81, 81, "0.0.0.0")]],
  ["99/tcp, 0.0.0.0:8000->80/tcp, 0.0.0.0:8001->81/tcp", [port(80, 8000, "0.0.0.0"), port(81, 8001, "0.0.0.0"), port(99)]],
  ["127.0.0.1:53->53/udp", [port(53, 53, "127.0.0.1", "udp")]],
])("%s", (shown, ports) => {
  expect(showPorts(ports)).toBe(shown);
});
