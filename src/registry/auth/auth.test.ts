import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashSync } from "bcryptjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf } from "../protocol/digest.ts";
import { ServedRegistry } from "../testing.ts";

let folder: string;
let files: { htpasswd: string; policy: string };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dhow-registry-auth-"));
  files = { htpasswd: join(folder, "htpasswd"), policy: join(folder, "policy.json") };
  const users = ["ann", "bob", "cleaner"].map((user) => `${user}:${hashSync(`${user}'s password`, 4)}`);
  writeFileSync(files.htpasswd, `# people\n${users.join("\n")}\n`);
  writeFileSync(
    files.policy,
    JSON.stringify({
      rules: [
        { repositories: ["team/**"], users: ["ann"], actions: ["pull", "push"] },
        { repositories: ["team/*"], users: ["bob"], actions: ["pull"] },
        { repositories: ["**"], users: ["cleaner"], actions: ["delete"] },
        { repositories: ["bob/**"], users: ["bob"], actions: ["pull", "push", "delete"] },
        { repositories: ["public/**"], users: ["anonymous"], actions: ["pull"] },
        { repositories: ["public/**"], users: ["ann"], actions: ["push"] },
      ],
      quotas: [{ repositories: ["bob/small"], bytes: "1k" }],
    }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const basic = (user: string, password = `${user}'s password`): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});
const codeOf = async (answer: Response): Promise<string> => ((await answer.json()) as { errors: { code: string }[] }).errors[0]?.code ?? "";
const status = async (answer: Promise<Response>): Promise<number> => (await answer).status;

describe("htpasswd", () => {
  let registry: ServedRegistry;
  beforeAll(async () => {
    registry = await ServedRegistry.start({ auth: { kind: "htpasswd", htpasswd: files.htpasswd, realm: "here" }, policy: files.policy });
    await registry.pushImage("team/app", "v1", ["layer"], {}, basic("ann"));
    await registry.pushImage("public/app", "v1", ["layer"], {}, basic("ann"));
  });
  afterAll(async () => registry[Symbol.asyncDispose]());
  const ask = (method: string, path: string, headers: Record<string, string> = {}): Promise<Response> =>
    registry.fetch(path, { method, headers });

  it("asks everybody at the door, and in its own words", async () => {
    const answer = await ask("GET", "/v2/");
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="here", charset="UTF-8"']);
    expect(answer.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
    expect(await codeOf(answer)).toBe("UNAUTHORIZED");
    expect(await status(ask("GET", "/v2/", basic("ann")))).toBe(200);
  });

  it.each<[string, Record<string, string>]>([
    ["a wrong password", basic("ann", "wrong")],
    ["an unknown user", basic("eve", "x")],
    ["no user", basic("", "x")],
    ["a bearer", { Authorization: "Bearer x" }],
    ["nonsense", { Authorization: "Basic ?" }],
    ["a password of a megabyte's ilk", basic("ann", "x".repeat(5000))],
  ])("refuses %s", async (_, headers) => {
    expect(await status(ask("GET", "/v2/", headers))).toBe(401);
    expect(await status(ask("GET", "/v2/public/app/manifests/v1", headers))).toBe(401);
  });

  it.each<[string, string, string, number]>([
    ["ann", "GET", "/v2/team/app/manifests/v1", 200],
    ["ann", "POST", "/v2/team/app/blobs/uploads/", 202],
    ["ann", "DELETE", "/v2/team/app/manifests/v1", 403],
    ["ann", "GET", "/v2/bob/x/tags/list", 403],
    ["ann", "GET", "/v2/team/deep/er/tags/list", 404],
    ["bob", "GET", "/v2/team/app/tags/list", 200],
    ["bob", "GET", "/v2/team/deep/er/tags/list", 403],
    ["bob", "POST", "/v2/team/app/blobs/uploads/", 403],
    ["bob", "PUT", "/v2/team/app/manifests/v1", 403],
    ["bob", "GET", "/v2/teams/app/tags/list", 403],
    ["cleaner", "GET", "/v2/team/app/manifests/v1", 403],
    ["cleaner", "DELETE", "/v2/team/app/manifests/none", 404],
  ])("%s: %s %s is %d", async (user, method, path, wanted) => {
    expect(await status(ask(method, path, basic(user)))).toBe(wanted);
  });

  it("lets everybody read what is for everybody, and asks for the rest", async () => {
    expect(await status(ask("GET", "/v2/public/app/manifests/v1"))).toBe(200);
    expect(await status(ask("POST", "/v2/public/app/blobs/uploads/"))).toBe(401);
    expect(await status(ask("GET", "/v2/team/app/manifests/v1"))).toBe(401);
  });

  it("shows each what he may see", async () => {
    const seen = async (user: string): Promise<unknown> => (await ask("GET", "/v2/_catalog", basic(user))).json();
    expect(await seen("ann")).toEqual({ repositories: ["public/app", "team/app"] });
    expect(await seen("cleaner")).toEqual({ repositories: ["public/app"] });
    expect(await status(ask("GET", "/v2/_catalog"))).toBe(401);
    const page = await (await ask("GET", "/")).text();
    expect([page.includes("public/app"), page.includes("team/app")]).toEqual([true, false]);
    expect(await status(ask("GET", "/repositories/team/app", basic("bob")))).toBe(200);
    expect(await status(ask("GET", "/repositories/team/app"))).toBe(404);
  });

  it("CVE-2024-39897: mounts nothing that one may not read, and does not tell whether it is there", async () => {
    const digest = digestOf(Buffer.from("layer"));
    for (const query of [`mount=${digest}&from=public/app`, `mount=${digest}`]) {
      expect(await status(ask("POST", `/v2/bob/x/blobs/uploads/?${query}`, basic("bob")))).toBe(201);
      expect(await status(ask("DELETE", `/v2/bob/x/blobs/${digest}`, basic("bob")))).toBe(202);
    }
    const secret = digestOf(Buffer.from("secret"));
    await registry.pushImage("team/inner/most", "v1", ["secret"], {}, basic("ann"));
    for (const query of [`mount=${secret}&from=team/inner/most`, `mount=${secret}`, `mount=${digestOf(Buffer.from("nowhere"))}`]) {
      expect(await status(ask("POST", `/v2/bob/x/blobs/uploads/?${query}`, basic("bob")))).toBe(202);
    }
    expect(await status(ask("GET", `/v2/bob/x/blobs/${secret}`, basic("bob")))).toBe(404);
  });

  it("keeps an upload to who began it", async () => {
    const location = (await ask("POST", "/v2/public/app/blobs/uploads/", basic("ann"))).headers.get("location") ?? "";
    expect(await status(ask("GET", location, basic("ann")))).toBe(204);
    const theirs = (await ask("POST", "/v2/bob/x/blobs/uploads/", basic("bob"))).headers.get("location") ?? "";
    expect(await status(ask("GET", theirs.replace("bob/x", "team/app"), basic("ann")))).toBe(404);
  });

  it("holds a repository to its quota, uploads on their way included", async () => {
    const push = (bytes: number, name = "bob/small"): Promise<Response> => {
      const body = new Uint8Array(bytes).fill(bytes % 251);
      const digest = digestOf(body);
      return registry.fetch(`/v2/${name}/blobs/uploads/?digest=${digest}`, { method: "POST", body, headers: basic("bob") });
    };
    expect(await status(push(600))).toBe(201);
    const over = await push(500);
    expect([over.status, await codeOf(over)]).toEqual([403, "DENIED"]);
    expect(await status(push(500, "bob/large"))).toBe(201);
    const location = (await ask("POST", "/v2/bob/small/blobs/uploads/", basic("bob"))).headers.get("location") ?? "";
    const patch = (size: number): Promise<Response> =>
      registry.fetch(location, { method: "PATCH", body: new Uint8Array(size), headers: basic("bob") });
    expect([await status(patch(400)), await status(patch(100))]).toEqual([202, 403]);
    expect(await status(push(300))).toBe(403);
    expect(await status(ask("DELETE", location, basic("bob")))).toBe(204);
    expect(await status(push(300))).toBe(201);
    const mount = `/v2/bob/small/blobs/uploads/?mount=${digestOf(new Uint8Array(500).fill(500 % 251))}&from=bob/large`;
    expect(await status(ask("POST", mount, basic("bob")))).toBe(403);
    await ask("DELETE", `/v2/bob/small/blobs/${digestOf(new Uint8Array(600).fill(600 % 251))}`, basic("bob"));
    expect(await status(push(500))).toBe(201);
  });

  it("does not hold up others while it works on passwords", async () => {
    let left = 8;
    const guesses = Array.from({ length: left }, async (_, at) => {
      await ask("GET", "/v2/", basic("nobody", String(at)));
      left--;
    });
    expect(await status(ask("GET", "/v2/public/app/manifests/v1"))).toBe(200);
    expect(left).toBeGreaterThan(0);
    await Promise.all(guesses);
  });

  it("auth storage: hears nobody who guesses for long, and others still", async () => {
    let last = 0;
    for (let at = 0; at < 30 && last !== 429; at++) last = await status(ask("GET", "/v2/", basic("ann", `guess ${at}`)));
    expect(last).toBe(429);
    expect((await ask("GET", "/v2/", basic("ann", "one more"))).headers.get("retry-after")).toMatch(/^\d+$/);
    // Who was right before the guessing is known, and is not asked again.
    expect(await status(ask("GET", "/v2/", basic("ann")))).toBe(200);
  });
});

describe("tokens", () => {
  let registry: ServedRegistry;
  beforeAll(async () => {
    const auth = { kind: "token", htpasswd: files.htpasswd, service: "dhow-test", publicUrl: undefined } as const;
    registry = await ServedRegistry.start({ auth, policy: files.policy });
    await registry.pushImage("team/app", "v1", ["layer"], {}, await bearer("ann", "repository:team/app:pull,push"));
    await registry.pushImage("public/app", "v1", ["layer"], {}, await bearer("ann", "repository:public/app:pull,push"));
  });
  afterAll(async () => registry[Symbol.asyncDispose]());
  const ask = (method: string, path: string, headers: Record<string, string> = {}): Promise<Response> =>
    registry.fetch(path, { method, headers });

  async function token(user: string | undefined, ...scopes: string[]): Promise<string> {
    const query = new URLSearchParams([["service", "dhow-test"], ...scopes.map((scope) => ["scope", scope])]);
    const answer = await registry.fetch(`/token?${query.toString()}`, { headers: user === undefined ? {} : basic(user) });
    expect(answer.status).toBe(200);
    const body = (await answer.json()) as { token: string; access_token: string; expires_in: number };
    expect([body.access_token, body.expires_in]).toEqual([body.token, 300]);
    return body.token;
  }
  async function bearer(user: string | undefined, ...scopes: string[]): Promise<Record<string, string>> {
    return { Authorization: `Bearer ${await token(user, ...scopes)}` };
  }
  const claimsOf = (text: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;

  it("asks for one, with the scope that it takes", async () => {
    const door = await ask("GET", "/v2/");
    expect([door.status, door.headers.get("www-authenticate")]).toEqual([
      401,
      `Bearer realm="${registry.origin}/token",service="dhow-test"`,
    ]);
    const pull = await ask("GET", "/v2/team/app/manifests/v1");
    expect(pull.headers.get("www-authenticate")).toContain('scope="repository:team/app:pull"');
    const push = await ask("POST", "/v2/team/app/blobs/uploads/", await bearer("ann", "repository:team/app:pull"));
    expect([push.status, push.headers.get("www-authenticate")]).toEqual([
      401,
      expect.stringContaining('scope="repository:team/app:pull,push"'),
    ]);
    expect(push.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
    expect((await ask("DELETE", "/v2/team/app/manifests/v1")).headers.get("www-authenticate")).toContain("team/app:delete");
  });

  const scopes = ["pull", "push", "delete", "*", "pull,push"] as const;
  const acts = [
    ["GET", "/v2/R/manifests/v1", "pull"],
    ["HEAD", "/v2/R/manifests/v1", "pull"],
    ["GET", "/v2/R/tags/list", "pull"],
    ["PUT", "/v2/R/manifests/v1", "push"],
    ["PUT", "/v2/R/manifests/new", "push"],
    ["POST", "/v2/R/blobs/uploads/", "push"],
    ["DELETE", "/v2/R/manifests/v1", "delete"],
    ["DELETE", `/v2/R/blobs/${digestOf(Buffer.from("none"))}`, "delete"],
  ] as const;
  it.each(scopes)("CVE-2026-31801: with the scope %s are good for that alone", async (scope) => {
    const headers = await bearer("bob", `repository:bob/app:${scope}`);
    for (const [method, path, action] of acts) {
      const answer = await ask(method, path.replace("R", "bob/app"), headers);
      const isGranted = scope === "*" || scope.split(",").includes(action);
      expect([method, path, answer.status === 401 || answer.status === 403], `${answer.status}`).toEqual([method, path, !isGranted]);
      // Nor are they for another repository.
      expect([401, 403]).toContain(await status(ask(method, path.replace("R", "bob/app2"), headers)));
    }
  });

  it("grant no more than the policy does", async () => {
    const text = await token(
      "bob",
      "repository:team/app:pull,push,delete",
      "repository:ann/x:pull",
      "registry:catalog:*",
      "repository:bob/y:* repository:bob/z:pull",
    );
    expect(claimsOf(text)["access"]).toEqual([
      { type: "repository", name: "team/app", actions: ["pull"] },
      { type: "registry", name: "catalog", actions: ["*"] },
      { type: "repository", name: "bob/y", actions: ["pull", "push", "delete"] },
      { type: "repository", name: "bob/z", actions: ["pull"] },
    ]);
    const anonymous = await token(undefined, "repository:public/app:pull,push", "repository:team/app:pull");
    expect(claimsOf(anonymous)).toMatchObject({ sub: "", access: [{ type: "repository", name: "public/app", actions: ["pull"] }] });
    expect(await status(ask("GET", "/v2/public/app/manifests/v1", { Authorization: `Bearer ${anonymous}` }))).toBe(200);
    expect(await status(ask("GET", "/v2/", { Authorization: `Bearer ${anonymous}` }))).toBe(200);
  });

  it.each([
    "repository:library/*:pull",
    "repository:team/app\n:push",
    "repository:../x:pull",
    "repository:TEAM:pull",
    "repository:team/app:pull:push",
    "x",
    "repository::pull",
    "user:ann:*",
  ])("grant nothing for %j", async (scope) => {
    expect(claimsOf(await token("ann", scope))["access"]).toEqual([]);
  });

  it("are not given for wrong passwords, nor for another service", async () => {
    expect(await status(registry.fetch("/token?service=dhow-test", { headers: basic("ann", "wrong") }))).toBe(401);
    expect(await status(registry.fetch("/token?service=other", { headers: basic("ann") }))).toBe(403);
  });

  it("list what the user may see", async () => {
    const headers = await bearer("ann", "registry:catalog:*");
    expect(await (await ask("GET", "/v2/_catalog", headers)).json()).toEqual({ repositories: ["public/app", "team/app"] });
    expect((await ask("GET", "/v2/_catalog", await bearer("ann"))).headers.get("www-authenticate")).toContain('scope="registry:catalog:*"');
    expect(await status(ask("GET", "/", basic("ann")))).toBe(200);
  });

  it("come by OAuth 2, too, and a refresh token brings the next", async () => {
    const post = (form: Record<string, string>): Promise<Response> =>
      registry.fetch("/token", { method: "POST", body: new URLSearchParams({ service: "dhow-test", client_id: "x", ...form }) });
    const first = await post({
      grant_type: "password",
      username: "ann",
      password: "ann's password",
      access_type: "offline",
      scope: "repository:team/app:pull",
    });
    const { refresh_token: refresh, access_token: access } = (await first.json()) as { refresh_token: string; access_token: string };
    expect(await status(ask("GET", "/v2/team/app/manifests/v1", { Authorization: `Bearer ${access}` }))).toBe(200);
    const next = await post({ grant_type: "refresh_token", refresh_token: refresh, scope: "repository:team/app:pull" });
    const { access_token: again } = (await next.json()) as { access_token: string };
    expect(await status(ask("GET", "/v2/team/app/manifests/v1", { Authorization: `Bearer ${again}` }))).toBe(200);
    // Each of the two is of no use as the other.
    expect(await status(ask("GET", "/v2/", { Authorization: `Bearer ${refresh}` }))).toBe(401);
    expect(await status(post({ grant_type: "refresh_token", refresh_token: access }))).toBe(401);
    expect(await status(post({ grant_type: "password", username: "ann", password: "wrong" }))).toBe(401);
    expect(await status(post({ grant_type: "magic" }))).toBe(400);
    expect(await status(registry.fetch("/token", { method: "POST", body: "x".repeat(70_000) }))).toBe(413);
  });

  it("P22, CVE-2025-24976: are refused when they are forged", async () => {
    const good = await token("ann", "repository:team/app:pull");
    const [header = "", body = "", signature = ""] = good.split(".");
    const b64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = claimsOf(good);
    const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwk = own.publicKey.export({ format: "jwk" });
    const kid = (JSON.parse(Buffer.from(header, "base64url").toString()) as { kid: string }).kid;
    const signed = (head: object, payload: string): string => {
      const text = `${b64(head)}.${payload}`;
      return `${text}.${sign("sha256", Buffer.from(text), { key: own.privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
    };
    const pem = readFileSync(join(registry.root, "token-key.pem"));
    const forged = [
      `${b64({ alg: "none", typ: "JWT" })}.${body}.`,
      `${header}.${body}.`,
      `${header}.${body}`,
      `${header}.${b64({ ...claims, sub: "bob" })}.${signature}`,
      `${header}.${body}.${signature}.x`,
      `${header}.${body}.${"A".repeat(signature.length)}`,
      `${b64({ alg: "HS256", typ: "JWT" })}.${body}.${createHmac("sha256", pem).update("x").digest("base64url")}`,
      signed({ typ: "JWT", alg: "ES256", kid }, body),
      signed({ typ: "JWT", alg: "ES256", kid, jwk }, body),
      signed({ typ: "JWT", alg: "ES256", kid, jku: "http://127.0.0.1/x" }, body),
      "x".repeat(9000),
      "",
    ];
    for (const text of forged)
      expect([text, await status(ask("GET", "/v2/team/app/manifests/v1", { Authorization: `Bearer ${text}` }))]).toEqual([text, 401]);
    expect(await status(ask("GET", "/v2/team/app/manifests/v1", { Authorization: `Bearer ${good}` }))).toBe(200);
  });

  it("end when the policy changes, and the key is for nobody else's eyes", async () => {
    const headers = await bearer("ann", "repository:team/app:pull");
    const before = readFileSync(files.policy, "utf8");
    writeFileSync(files.policy, JSON.stringify({ rules: [] }));
    await registry.open.reload();
    expect(await status(ask("GET", "/v2/team/app/manifests/v1", headers))).toBe(403);
    writeFileSync(files.policy, "{");
    await expect(registry.open.reload()).rejects.toMatchObject({ category: "invalid" });
    writeFileSync(files.policy, before);
    await registry.open.reload();
    expect(await status(ask("GET", "/v2/team/app/manifests/v1", headers))).toBe(200);
    expect(statSync(join(registry.root, "token-key.pem")).mode & 0o777).toBe(0o600);
  });
});
