import { defineConfig } from "oxlint";
import { layers, typeOnlyLayers } from "./layers.config.ts";

const folders = Object.keys(layers);
/** Ways out of a folder at whatever depth. Rooms may be called like other folders of src/ (`cli/commands/network`). */
const waysOut = [1, 2, 3, 4, 5].map((depth) => "../".repeat(depth));

/** The linter's overrides that keep each folder to its own line of the table. */
const walls = folders.map((folder) => {
  const allowed = [folder, ...(layers[folder] ?? [])];
  const typeOnly = typeOnlyLayers[folder] ?? [];
  const closed = [...folders, "daemon", "test"].filter((other) => !allowed.includes(other));
  return {
    files: [`src/${folder}/**/*.ts`],
    excludeFiles: [`src/${folder}/**/*.test.ts`, `src/${folder}/**/*.suite.ts`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: closed.map((other) => ({
            group: [`#${other}/**`, ...waysOut.map((up) => `${up}${other}/**`)],
            allowTypeImports: typeOnly.includes(other),
            message: `src/${folder} may not import src/${other} (layers.config.ts, docs/architecture.md).`,
          })),
        },
      ] as never,
    },
  };
});

export default defineConfig({
  plugins: ["typescript", "import", "node", "promise", "unicorn", "vitest"],
  options: { typeAware: true },
  categories: { correctness: "error" },
  ignorePatterns: ["node_modules", "dist", "src/spec/docker-api/types.ts", "src/spec/docker-api/shapes.ts"],
  rules: {
    "typescript/no-explicit-any": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    "typescript/consistent-type-imports": "error",
    "typescript/only-throw-error": "error",
    "import/no-default-export": "error",
    "import/no-cycle": "error",
    "no-console": "error",
    "no-var": "error",
    "prefer-const": "error",
    eqeqeq: "error",
    "max-depth": ["error", 3],
    "max-lines": ["error", { max: 400, skipComments: true, skipBlankLines: true }],
    "max-lines-per-function": ["warn", { max: 60, skipComments: true, skipBlankLines: true }],
    "no-restricted-properties": [
      "error",
      { object: "process", property: "exit", message: "Only src/bin ends the process." },
      { object: "process", property: "env", message: "Only src/config and src/bin read the environment." },
    ],
  },
  overrides: [
    ...walls,
    {
      files: ["*.config.ts", "scripts/check/reporter.ts"],
      rules: { "import/no-default-export": "off", "no-restricted-properties": "off" },
    },
    {
      files: [
        "src/bin/**/*.ts",
        "src/config/**/*.ts",
        "scripts/**/*.ts",
        "bench/**/*.ts",
        "examples/**/*.ts",
        "test/**/*.ts",
        "**/*.test.ts",
      ],
      rules: { "no-restricted-properties": "off", "no-console": "off" },
    },
    {
      files: ["**/*.test.ts", "test/**/*.ts", "bench/**/*.ts", "**/*.suite.ts"],
      rules: {
        "max-lines-per-function": "off",
        "vitest/no-conditional-expect": "off",
        "vitest/require-to-throw-message": "off",
        "vitest/valid-expect": ["error", { maxArgs: 2 }],
      },
    },
    { files: ["test/support/**/*.ts"], rules: { "vitest/no-standalone-expect": "off" } },
  ],
});
