/** Bundles the shipped programs into dist/: one file an entry, packages left outside (node_modules has them). */
import { rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { workerSources } from "../src/lib/worker-url.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Runs under the Node that is carried. */
const engine = {
  dhowd: "src/bin/dhowd.ts",
  ...Object.fromEntries(Object.entries(workerSources).map(([name, source]) => [`${name}-worker`, `src/${source}`])),
};
/** Runs under the user's own Node, too: programs import it, and the command line works where none is carried. */
const client = { dhow: "src/bin/dhow.ts", index: "src/index.ts" };

/**
 * Built-in modules are asked for when they are used: `import … from "node:http"` loads undici and the web streams with it, 8 MB and 60 ms that the
 * daemon has no use for.
 */
const lazyBuiltins: Plugin = {
  name: "lazy-builtins",
  setup(bundler) {
    bundler.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "builtin" }));
    bundler.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: "js",
    }));
  },
};

await rm(`${root}dist`, { recursive: true, force: true });
await bundle(engine, "node24");
await bundle(client, "node20");

async function bundle(entries: Readonly<Record<string, string>>, target: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(Object.entries(entries).filter(([, source]) => existsSync(`${root}${source}`))),
    outdir: "dist",
    bundle: true,
    packages: "external",
    plugins: [lazyBuiltins],
    platform: "node",
    target,
    format: "esm",
    sourcemap: "linked",
    sourcesContent: false,
    logLevel: "warning",
  });
}
