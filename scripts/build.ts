/** Bundles the shipped programs into dist/: one file an entry, packages left outside (node_modules has them). */
import { rm } from "node:fs/promises";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions, type Plugin } from "esbuild";
import { workerSources } from "../src/lib/worker/url.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Runs under the Node that is carried. */
const daemon = { dhowd: "src/bin/dhowd.ts" };
const registry = { registry: "src/bin/registry.ts" };
const workers = Object.fromEntries(Object.entries(workerSources).map(([name, source]) => [`${name}-worker`, `src/${source}`]));
/** Runs under the user's own Node, too: programs import it, and the command line works where none is carried. */
const client = { dhow: "src/bin/dhow.ts", index: "src/index.ts" };

/**
 * Built-in modules are loaded when something of them is used, not when they are imported: `node:tls`, `node:zlib` and what lies under them take
 * 50 ms that most starts of the daemon have no use for, and an `import` statement would load undici and the web streams, too.
 */
const lazyBuiltins: Plugin = {
  name: "lazy-builtins",
  setup(bundler) {
    bundler.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "builtin" }));
    bundler.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({ contents: builtinStandIn(path), loader: "js" }));
  },
};

/** A module that is a function or a class (`node:events`) is taken as it is; of any other, each export is a getter that loads it. */
function builtinStandIn(path: string): string {
  const builtin: unknown = process.getBuiltinModule(path);
  const load = `process.getBuiltinModule(${JSON.stringify(path)})`;
  if (typeof builtin !== "object" || builtin === null) return `module.exports = ${load};`;
  return `for (const name of ${JSON.stringify(Object.keys(builtin))})
  Object.defineProperty(exports, name, {
    configurable: true, enumerable: true,
    get() { const value = ${load}[name]; Object.defineProperty(exports, name, { value }); return value; },
  });`;
}

/** Its ES module imports whole built-in modules by statements, which takes 30 ms; its CommonJS one does not. */
const requiredKoffi: Plugin = {
  name: "required-koffi",
  setup(bundler) {
    bundler.onResolve({ filter: /^koffi$/ }, ({ path }) => ({ path, namespace: "required" }));
    bundler.onLoad({ filter: /.*/, namespace: "required" }, ({ path }) => ({
      contents: `export default process.getBuiltinModule("node:module").createRequire(import.meta.url)(${JSON.stringify(path)});`,
      loader: "js",
    }));
  },
};

/**
 * What the daemon imports by a call, beyond the call in its program, is few starts' business: all of it is one file beside the others. A file for each would
 * divide what they share into forty, and each file of a start takes it a millisecond; in the one bundle every module would be a function, for 60 ms.
 */
function rareTogether(): Plugin {
  const called = new Map(
    daemonSources()
      .flatMap(callsOf)
      .map((file, index) => [file, `m${index}`]),
  );
  return {
    name: "rare-together",
    setup(bundler) {
      bundler.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        if (path.includes("/src/bin/") || callsOf(path).length === 0) return undefined;
        const contents = readFileSync(path, "utf8").replaceAll(CALL, (_, wanted: string) => {
          return `import("rare").then((all) => all.${called.get(calledFile(path, wanted))})`;
        });
        return { contents, loader: "ts" };
      });
      bundler.onResolve({ filter: /^rare$/ }, ({ path }) => ({ path, namespace: "rare" }));
      bundler.onLoad({ filter: /.*/, namespace: "rare" }, () => ({
        contents: [...called].map(([file, name]) => `export * as ${name} from ${JSON.stringify(file)};`).join("\n"),
        resolveDir: root,
      }));
    },
  };
}

/** Of a file of ours: a package stays outside. */
const CALL = /import\("([#.][^"]+)"\)/g;
const calledFile = (from: string, wanted: string): string =>
  wanted.startsWith("#") ? join(root, "src", wanted.slice(1)) : join(dirname(from), wanted);

function callsOf(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(CALL)].map(([, wanted = ""]) => calledFile(file, wanted));
}

/** Of what no client loads. */
function daemonSources(): string[] {
  return readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !/^(bin|cli|client|embed)\/|^index\.ts$/.test(name))
    .map((name) => join(root, "src", name));
}

await rm(`${root}dist`, { recursive: true, force: true });
await bundle(daemon, "node24", { splitting: true, plugins: [lazyBuiltins, requiredKoffi, rareTogether()] });
await bundle(registry, "node24");
await bundle(workers, "node24");
await bundle(client, "node20");

async function bundle(entries: Readonly<Record<string, string>>, target: string, more: Partial<BuildOptions> = {}): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(Object.entries(entries).filter(([, source]) => existsSync(`${root}${source}`))),
    outdir: "dist",
    bundle: true,
    packages: "external",
    plugins: [lazyBuiltins, requiredKoffi],
    platform: "node",
    target,
    format: "esm",
    sourcemap: "linked",
    sourcesContent: false,
    logLevel: "warning",
    ...more,
  });
}
