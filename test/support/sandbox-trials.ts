import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { prepareRootfs } from "#runtime/oci/spec/mounts/prepare-rootfs.ts";
import { lookUpDevices } from "#runtime/oci/spec/devices/host-devices.ts";
import { ociSpec } from "#runtime/oci/spec.ts";
import type { ContainerMount } from "#runtime/oci/spec-input.ts";
import { resolveUser } from "#runtime/oci/user.ts";
import type { ContainerConfig, HostConfig } from "#spec/docker-api/types.ts";
import type { OciSpec } from "#spec/oci-runtime/spec.ts";
import { readHostFacts } from "#sys/host/host-facts.ts";

/** What a trial container is asked for. */
export interface Trial {
  readonly config?: ContainerConfig;
  readonly hostConfig?: HostConfig;
  readonly mounts?: readonly ContainerMount[];
  /** Changes the root before it is prepared. */
  readonly arrange?: (rootfs: string) => void;
}

export interface Outcome {
  readonly code: number;
  /** stdout and stderr. */
  readonly out: string;
}

/** OCI runtimes on this machine; none where containers cannot be started. */
export const runtimes: readonly string[] = ["crun", "runc"].filter(
  (name) =>
    process.getuid?.() === 0 && existsSync("/bin/busybox") && ["/usr/bin", "/usr/sbin"].some((folder) => existsSync(`${folder}/${name}`)),
);

/** What the scripts of the trials call. */
const APPLETS =
  "sh cat chroot cut date dmesg echo env grep head hostname id ls mkdir mknod mount pwd readlink rmdir sed sleep stat touch tr true umount unshare wc".split(
    " ",
  );

/** Real containers, started by the host's own runtime from what `ociSpec` makes, without daemon or monitor. */
export class SandboxTrials implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "dhow-sandbox-"));
  readonly host = readHostFacts();
  /** Its own also among test files that share a process: a runtime ends whatever it finds in a container's cgroup. */
  readonly #name = basename(this.folder);
  #count = 0;

  constructor() {
    for (const name of ["resolv.conf", "hostname", "hosts"]) writeFileSync(join(this.folder, name), `${name}\n`);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
    const groups = ["", ...readdirSync("/sys/fs/cgroup").map((name) => `${name}/`)].map((name) => `/sys/fs/cgroup/${name}${this.#name}`);
    for (const group of groups.filter((path) => existsSync(path))) rmdirSync(group);
  }

  makeFolder(name: string): string {
    return mkdtempSync(join(this.folder, `${name}-`));
  }

  makeRootfs(): string {
    const rootfs = this.makeFolder("root");
    chmodSync(rootfs, 0o755);
    for (const folder of ["bin", "etc", "tmp", "root", "proc", "sys", "dev", "var"]) mkdirSync(join(rootfs, folder));
    copyFileSync("/bin/busybox", join(rootfs, "bin/busybox"));
    for (const applet of APPLETS) symlinkSync("busybox", join(rootfs, "bin", applet));
    writeFileSync(join(rootfs, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/srv:/bin/sh\n");
    writeFileSync(join(rootfs, "etc/group"), "root:x:0:\nweb:x:1000:\nextra:x:50:web\n");
    return rootfs;
  }

  async spec(runtime: string, trial: Trial, script: string, netns: string, rootfs = this.makeRootfs()): Promise<OciSpec> {
    const { config = {}, hostConfig = {}, mounts = [] } = trial;
    trial.arrange?.(rootfs);
    return ociSpec({
      id: "trial",
      config: { Cmd: ["sh", "-c", script], ...config },
      hostConfig,
      rootfs,
      hostname: "box",
      user: resolveUser(rootfs, config.User ?? "", hostConfig.GroupAdd),
      ...prepareRootfs({ rootfs, config, hostConfig, mounts }),
      files: { resolvConf: join(this.folder, "resolv.conf"), hostname: join(this.folder, "hostname"), hosts: join(this.folder, "hosts") },
      netns,
      joined: {},
      shmPath: undefined,
      cgroupPath: `/${this.#name}/c${++this.#count}`,
      host: { ...this.host, runtime },
      defaults: {
        shmSize: 64 * 1024 * 1024,
        seccompProfile: undefined,
        noNewPrivileges: false,
        ulimits: [],
        cgroupNamespace: "private",
        init: false,
      },
      devices: await lookUpDevices(hostConfig),
    });
  }

  /** Starts a container and waits for its end. */
  async run(runtime: string, trial: Trial, script: string): Promise<Outcome> {
    const bundle = this.makeFolder("bundle");
    const netns = join(bundle, "netns");
    writeFileSync(join(bundle, "config.json"), JSON.stringify(await this.spec(runtime, trial, script, netns)));
    return this.shell(`exec ${this.tool(runtime)} run --bundle ${bundle} ${this.#name}-${this.#count}`, netns);
  }

  tool(runtime: string): string {
    return `${runtime} --root ${join(this.folder, `state-${runtime}`)}`;
  }

  /**
   * Runs a command of the host's beside a network name space at `netns`, in a mount name space that takes that mount with it. crun
   * refuses a hybrid host whose v2 tree has controllers, which is hidden from it here.
   */
  shell(command: string, netns: string): Promise<Outcome> {
    const prepared = `umount /sys/fs/cgroup/unified 2>/dev/null; : > ${netns}; unshare --net=${netns} true; ${command}`;
    return new Promise((resolve) => {
      const child = execFile("unshare", ["--mount", "sh", "-c", prepared], { timeout: 30_000 }, (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, out: `${stdout}${stderr}` });
      });
      child.stdin?.end();
    });
  }
}

export function bindMount(source: string, target: string, options: Partial<ContainerMount> = {}): ContainerMount {
  return { type: "bind", source, target, readOnly: false, propagation: "rprivate", options: ["rbind"], ...options };
}
