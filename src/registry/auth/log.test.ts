import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { hashSync } from "bcryptjs";
import { expect, it } from "vitest";
import type { Logger } from "#lib/logger.ts";
import { ServedRegistry } from "../testing.ts";

it("§1.7 auth storage: no password, token or header is in the log, at whatever level, whether it is right or wrong", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dhow-registry-log-"));
  const htpasswd = join(folder, "htpasswd");
  const hash = hashSync("correct-horse", 4);
  writeFileSync(htpasswd, `ann:${hash}\n`);
  const told: string[] = [];
  const tell = (...words: unknown[]): void => void told.push(inspect(words, { depth: 10 }));
  const logger: Logger = { debug: tell, info: tell, warn: tell, error: tell, child: () => logger };
  try {
    await using registry = await ServedRegistry.start(
      { auth: { kind: "token", htpasswd, service: "test", publicUrl: undefined } },
      { logger },
    );
    const basic = (password: string): string => `Basic ${Buffer.from(`ann:${password}`).toString("base64")}`;
    const query = "/token?service=test&scope=repository:a:pull,push&offline_token=true";
    const good = (await (await registry.fetch(query, { headers: { Authorization: basic("correct-horse") } })).json()) as {
      token: string;
      refresh_token: string;
    };
    const headers = { Authorization: `Bearer ${good.token}` };
    await registry.pushImage("a", "v1", ["layer"], {}, headers);
    const form = new URLSearchParams({ grant_type: "password", service: "test", username: "ann", password: "wrong-horse" });
    const asked = [
      registry.fetch("/token?service=test", { headers: { Authorization: basic("wrong-horse") } }),
      registry.fetch("/token", { method: "POST", body: form }),
      registry.fetch("/v2/a/manifests/v1", { headers: { Authorization: `${headers.Authorization}x` } }),
      registry.fetch("/v2/a/manifests/v1", { headers: { Authorization: basic("correct-horse") } }),
      registry.fetch("/v2/a/blobs/sha256:zz?password=correct-horse", { headers }),
    ];
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([401, 401, 401, expect.any(Number), 400]);
    const log = told.join("\n");
    expect(log).toContain("/v2/a/manifests/v1");
    for (const secret of ["horse", good.token.slice(0, 60), good.refresh_token, hash, basic("correct-horse").slice(6)])
      expect(log).not.toContain(secret);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
