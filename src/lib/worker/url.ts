/**
 * Where a worker thread's code lies: the `.ts` file in the source tree, or its bundle `dist/<name>.js` in what is shipped.
 * Every worker is named here and built as an entry of its own by `scripts/build.ts`.
 */
const workers = {
  unpack: "store/unpack/unpack-worker.ts",
  tree: "store/tree/tree-worker.ts",
  digest: "store/content/digest-worker.ts",
  compress: "store/compress/compress-worker.ts",
  files: "store/files/files-worker.ts",
  bcrypt: "registry/auth/bcrypt-worker.ts",
  netns: "sys/netns-worker.ts",
  build: "build/worker/build-worker.ts",
  mount: "volume/driver/mount-worker.ts",
} as const;

export type WorkerName = keyof typeof workers;
export const workerSources: Readonly<Record<string, string>> = workers;

export function workerUrl(name: WorkerName): URL {
  const fromSource = import.meta.url.endsWith("/src/lib/worker/url.ts");
  return fromSource ? new URL(`../../${workers[name]}`, import.meta.url) : new URL(`./${name}-worker.js`, import.meta.url);
}
