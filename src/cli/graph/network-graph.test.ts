import { join } from "node:path";
import { expect, it } from "vitest";
import type { ContainerSummary, NetworkInspect } from "#spec/docker-api/types.ts";
import { graphSvg } from "./graph-svg.ts";
import { graphText } from "./graph-text.ts";
import { networkGraph } from "./network-graph.ts";

const networks: NetworkInspect[] = [
  { Name: "back", Driver: "bridge", Internal: true, IPAM: { Config: [{ Subnet: "172.16.1.0/24" }] } },
  { Name: "app", Driver: "bridge", IPAM: { Config: [{ Subnet: "172.16.0.0/24" }, { Subnet: "fd00:1::/64" }] } },
  { Name: "none", Driver: "null", IPAM: { Config: [] } },
];
const on = (address: string, more: object = {}) => ({ IPAddress: address, ...more });
const containers: ContainerSummary[] = [
  {
    Names: ["/web"],
    Image: `nginx:<1> & "more"`,
    Ports: [
      { IP: "0.0.0.0", PublicPort: 8080, PrivatePort: 80, Type: "tcp" },
      { IP: "::", PublicPort: 8080, PrivatePort: 80, Type: "tcp" },
      { PrivatePort: 443, Type: "tcp" },
    ],
    NetworkSettings: { Networks: { app: on("172.16.0.2", { GlobalIPv6Address: "fd00:1::2" }), back: on("172.16.1.2") } },
  },
  { Names: ["/database"], Image: "mariadb", NetworkSettings: { Networks: { back: on("172.16.1.3") } } },
  { Names: ["/elsewhere"], Image: "x", NetworkSettings: { Networks: { other: on("10.0.0.2") } } },
];

it("is a tree a network in text", () => {
  expect(graphText(networkGraph(networks, containers))).toBe(`app (bridge)  172.16.0.0/24, fd00:1::/64
└─ web  172.16.0.2, fd00:1::2  0.0.0.0:8080->80/tcp, [::]:8080->80/tcp  (also on back)

back (bridge, internal)  172.16.1.0/24
├─ database  172.16.1.3
└─ web       172.16.1.2  0.0.0.0:8080->80/tcp, [::]:8080->80/tcp  (also on app)

none (null)
`);
});

it("is a picture that no name can break out of", async () => {
  const svg = graphSvg(networkGraph(networks, containers));
  await expect(svg).toMatchFileSnapshot(join(import.meta.dirname, "testdata", "graph.svg"));
  expect(svg).toContain("nginx:&lt;1&gt; &amp; &quot;more&quot;");
});

it("shows those that were asked for, and who is on them", () => {
  expect(networkGraph(networks.slice(1, 2), containers)).toMatchObject({
    networks: [{ name: "app" }],
    containers: [{ name: "web" }],
    links: [{ network: "app", container: "web" }],
  });
});
