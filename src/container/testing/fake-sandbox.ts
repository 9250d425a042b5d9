import { EngineError } from "#errors/engine-error.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import type { OciResources, OciSpec } from "#spec/oci-runtime/spec.ts";
import type { SandboxPlanner } from "../deps.ts";

function limitsOf({ Memory = 0, MemorySwap = 0, CpuShares = 0, PidsLimit = 0 }: HostConfig): OciResources {
  return {
    ...(Memory > 0 ? { memory: { limit: Memory, swap: MemorySwap } } : {}),
    ...(CpuShares > 0 ? { cpu: { shares: CpuShares } } : {}),
    ...(PidsLimit > 0 ? { pids: { limit: PidsLimit } } : {}),
  };
}

/** Specs that hold no more than tests look at. The only user there is, beside root, is `user`. */
export function fakeSandbox(): SandboxPlanner & { user: string } {
  return {
    user: "app",
    check: () => [],
    supported: (hostConfig) => hostConfig,
    prepareRoot: ({ mounts, hostConfig }) => ({ mounts, tmpfs: hostConfig.Tmpfs ?? {} }),
    resolveUser(_rootfs, user) {
      if (user !== "" && user !== this.user)
        throw new EngineError("invalid", `unable to find user ${user}: no matching entries in passwd file`);
      return { uid: user === "" ? 0 : 1000, gid: 0, additionalGids: [], home: "/" };
    },
    lookUpDevices: () => Promise.resolve({ nodes: [], disks: {} }),
    wantsInit: ({ hostConfig }) => hostConfig.Init === true,
    apparmorProfile: () => undefined,
    spec: ({ config, hostConfig, hostname, rootfs, netns, joined, cgroupPath }) =>
      ({
        hostname,
        root: { path: rootfs },
        process: { args: [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])], env: config.Env ?? [], cwd: config.WorkingDir || "/" },
        linux: {
          namespaces: [
            { type: "network", path: netns },
            { type: "pid", path: joined.pid },
          ],
          cgroupsPath: cgroupPath,
          resources: limitsOf(hostConfig),
        },
      }) as unknown as OciSpec,
    execProcess: ({ container, args, env, cwd, user, tty }) => ({
      ...container,
      args: [...args],
      env: [...container.env, ...env],
      cwd: cwd || container.cwd,
      user: { uid: user.uid, gid: user.gid },
      terminal: tty,
    }),
  };
}
