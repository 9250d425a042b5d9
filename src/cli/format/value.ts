import { compileTemplate } from "../template/template.ts";

/** One value in the form that `--format` asks for: `json`, or a template. */
export function formatValue(format: string, value: unknown): string {
  return format === "json" ? `${JSON.stringify(value)}\n` : `${compileTemplate(format)(value)}\n`;
}
