import type { Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import type { PrepareRequest } from "../ports.ts";
import { userOnHost } from "./sharing/user-namespaces.ts";

type Deps = Pick<ContainerContext, "sandbox" | "userNamespaces">;

/** What the volumes have to know to have a container's mounts at hand. */
export function prepareRequest(
  deps: Deps,
  { id, mounts, config, hostConfig }: Container,
  { rootfs, holder }: Pick<PrepareRequest, "rootfs" | "holder">,
): PrepareRequest {
  const user = (): ReturnType<PrepareRequest["user"]> =>
    userOnHost(deps, hostConfig, deps.sandbox.resolveUser(rootfs, config.User ?? "", hostConfig.GroupAdd ?? []));
  return { container: id, holder, rootfs, mounts, user };
}
