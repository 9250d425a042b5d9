import type { OptionRow } from "./row.ts";

/** Parts of Docker that Dhow does not have: containerd and swarm. */
export const foreignOptions = {
  containerd: { type: "string", help: "Socket of a containerd to use" },
  "containerd-namespace": { type: "string", help: "Namespace in containerd" },
  "containerd-plugins-namespace": { type: "string", help: "Namespace in containerd for plugins" },
  "cri-containerd": { type: "bool", help: "Start containerd with its CRI plugin", ready: [false] },
  "network-control-plane-mtu": { type: "int", help: "MTU of the traffic between swarm nodes" },
  "node-generic-resource": { key: "node-generic-resources", type: "list", help: "Resource to offer to a swarm" },
  "swarm-default-advertise-addr": { type: "string", help: "Address to announce to a swarm" },
} as const satisfies Record<string, OptionRow>;
