import type http from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { imageFixture, never, type ImageFixture } from "#image/testing.ts";
import { parseReference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";
import { FakeRegistry, imageParts, refuse, serve, sha, testPullService, type ImageParts, type TestPullService } from "../testing.ts";

let registry: FakeRegistry;
let other: FakeRegistry;
let fixture: ImageFixture;
let service: TestPullService;
beforeEach(async () => {
  fixture = imageFixture();
  [registry, other] = [await FakeRegistry.start(), await FakeRegistry.start()];
  service = testPullService({ target: fixture.service, content: fixture.content, events: { emit: () => undefined } });
});
afterEach(async () => {
  service.close();
  await registry[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  fixture[Symbol.dispose]();
});

const login: RegistryAuth = { credential: { kind: "basic", username: "user", password: "SECRET" }, serverAddress: undefined };

function pull(auth: RegistryAuth = login): Promise<void> {
  return service.pull({ reference: parseReference(`${registry.host}/x:t`), platform: undefined, auth }, () => undefined, never);
}

/** How a pull ended, and what it left. */
async function outcome(): Promise<object> {
  const error = await pull().then(
    () => ({ category: undefined, message: "pulled" }),
    (cause: { category: string; message: string }) => ({ category: cause.category, message: cause.message }),
  );
  const kept = [...fixture.content.list(), ...fixture.snapshots.list().layers, ...fixture.service.images.all()];
  return { ...error, kept };
}

const refusal = (message: string, category = "invalid"): object => ({
  category,
  message: expect.stringContaining(message) as string,
  kept: [],
});

const layerDigest = (parts: ImageParts): string => sha(parts.packed[0] ?? Buffer.alloc(0));

/** Answers requests for the layer in another way than the registry would. */
function onLayer(parts: ImageParts, answer: (request: http.IncomingMessage, response: http.ServerResponse, bytes: Buffer) => void): void {
  registry.hook = (request, response) => {
    if (!(request.url ?? "").endsWith(layerDigest(parts))) return false;
    answer(request, response, parts.packed[0] ?? Buffer.alloc(0));
    return true;
  };
}

describe("redirects", () => {
  it("takes no credentials to another origin, and does not answer what it asks for", async () => {
    const parts = imageParts(["one"]);
    serve(registry, "x", "t", parts);
    other.hook = (_, response) => {
      refuse(response, 401, "UNAUTHORIZED", "who are you", { "WWW-Authenticate": 'Basic realm="x"' });
      return true;
    };
    registry.hook = (request, response) => {
      const isOpen = request.headers.authorization !== undefined;
      if (!isOpen) refuse(response, 401, "UNAUTHORIZED", "", { "WWW-Authenticate": 'Basic realm="r"' });
      else if ((request.url ?? "").endsWith(layerDigest(parts))) response.writeHead(307, { Location: `${other.origin}/blob` }).end();
      else return false;
      return true;
    };
    await expect(pull()).rejects.toThrow(expect.objectContaining({ category: "unauthorized" }));
    expect(other.seen).toEqual([{ method: "GET", url: "/blob", authorization: undefined, range: undefined }]);
  });

  it("follows one to where the blob is", async () => {
    const parts = imageParts(["one"]);
    serve(registry, "x", "t", parts);
    serve(other, "y", "t", parts);
    onLayer(parts, (_, response) => void response.writeHead(307, { Location: `${other.origin}/v2/y/blobs/${layerDigest(parts)}` }).end());
    await pull();
    expect(other.count("/blobs/")).toBe(1);
  });

  it.each([
    ["a circle", "/v2/x/manifests/t", "stopped after 5 redirects"],
    ["a file", "file:///etc/passwd", "redirects to no http address"],
    ["the cloud's metadata", "http://169.254.169.254/latest/meta-data", "may not send anyone to"],
    ["the cloud's metadata in IPv6's clothes", "http://[::ffff:a9fe:a9fe]/latest", "may not send anyone to"],
    ["an address that holds credentials", "http://a:b@127.0.0.1/", "with credentials in the address"],
  ])("refuses %s", async (_, location, message) => {
    registry.hook = (request, response) => {
      if (!(request.url ?? "").includes("/manifests/")) return false;
      response.writeHead(307, { Location: location }).end();
      return true;
    };
    expect(await outcome()).toEqual(refusal(message, "forbidden"));
  });
});

describe("token servers that registries name", () => {
  const challenge = (realm: string): void => {
    registry.hook = (request, response) => {
      if (request.headers.authorization?.startsWith("Bearer ")) return false;
      if ((request.url ?? "").startsWith("/token")) response.end(JSON.stringify({ token: "T" }));
      else
        refuse(response, 401, "UNAUTHORIZED", "authentication required", {
          "WWW-Authenticate": `Bearer realm="${realm}",service="s",scope="repository:x:pull"`,
        });
      return true;
    };
  };

  it("sends credentials to the registry's own", async () => {
    serve(registry, "x", "t", imageParts(["one"]));
    challenge(`${registry.origin}/token`);
    await pull();
    const asked = registry.seen.filter(({ url }) => url.startsWith("/token"));
    expect(asked).toEqual([
      {
        method: "GET",
        url: "/token?service=s&scope=repository%3Ax%3Apull&account=user",
        authorization: `Basic ${Buffer.from("user:SECRET").toString("base64")}`,
        range: undefined,
      },
    ]);
    expect(registry.seen.at(-1)?.authorization).toBe("Bearer T");
  });

  it("sends none to another without encryption, and asks there as nobody", async () => {
    serve(registry, "x", "t", imageParts(["one"]));
    other.hook = (_, response) => {
      response.end(JSON.stringify({ access_token: "T" }));
      return true;
    };
    challenge(`${other.origin}/token`);
    await pull();
    expect(other.seen).toEqual([
      { method: "GET", url: "/token?service=s&scope=repository%3Ax%3Apull", authorization: undefined, range: undefined },
    ]);
  });

  it("sends them where the administrator has said so", async () => {
    serve(registry, "x", "t", imageParts(["one"]));
    other.hook = (_, response) => {
      response.end(JSON.stringify({ token: "T" }));
      return true;
    };
    challenge(`${other.origin}/token`);
    service.close();
    service = testPullService(
      { target: fixture.service, content: fixture.content, events: { emit: () => undefined } },
      { registries: { mirrors: [], insecureRegistries: [other.host] } },
    );
    await pull();
    expect(other.seen[0]?.authorization).toBe(`Basic ${Buffer.from("user:SECRET").toString("base64")}`);
  });

  it("gets a token for an identity token, by a form and never by a redirect", async () => {
    serve(registry, "x", "t", imageParts(["one"]));
    let form = "";
    challenge(`${registry.origin}/token`);
    const { hook } = registry;
    registry.hook = (request, response) => {
      if (request.method !== "POST") return hook(request, response);
      request
        .on("data", (chunk: Buffer) => (form += chunk.toString()))
        .on("end", () => response.end(JSON.stringify({ access_token: "T" })));
      return true;
    };
    await pull({ credential: { kind: "identity", token: "REFRESH" }, serverAddress: undefined });
    expect(Object.fromEntries(new URLSearchParams(form))).toEqual({
      grant_type: "refresh_token",
      service: "s",
      client_id: "dhow",
      scope: "repository:x:pull",
      refresh_token: "REFRESH",
    });
  });

  it.each([
    ["a file", "file:///etc/passwd", "no http address"],
    ["the cloud's metadata", "http://169.254.169.254/latest", "may not send anyone to"],
    ["a socket", "unix:///run/docker.sock", "no http address"],
    ["nothing", "", "no http address"],
  ])("refuses %s", async (_, realm, message) => {
    challenge(realm);
    expect(await outcome()).toEqual(refusal(message, "forbidden"));
  });

  it("refuses a token that would break a header", async () => {
    registry.hook = (request, response) => {
      if ((request.url ?? "").startsWith("/token")) response.end(JSON.stringify({ token: "T\r\nX-Evil: 1" }));
      else refuse(response, 401, "UNAUTHORIZED", "", { "WWW-Authenticate": `Bearer realm="${registry.origin}/token"` });
      return true;
    };
    expect(await outcome()).toEqual(refusal("did not include a token", "unauthorized"));
  });

  it("does not send credentials that are meant for another registry", async () => {
    serve(registry, "x", "t", imageParts(["one"]));
    challenge(`${registry.origin}/token`);
    for (const serverAddress of [`https://${registry.host}.evil/v1/`, "127.0.0.1", `${registry.host}0`])
      await pull({ ...login, serverAddress });
    expect(registry.seen.filter(({ authorization }) => authorization?.startsWith("Basic "))).toEqual([]);
    await pull({ ...login, serverAddress: `https://${registry.host}` });
    expect(registry.seen.filter(({ authorization }) => authorization?.startsWith("Basic "))).toHaveLength(1);
  });

  it("asks for Basic credentials where it has none", async () => {
    registry.hook = (_, response) => {
      refuse(response, 401, "UNAUTHORIZED", "", { "WWW-Authenticate": 'Basic realm="r"' });
      return true;
    };
    await expect(pull({ credential: { kind: "anonymous" }, serverAddress: undefined })).rejects.toThrow(
      expect.objectContaining({ category: "unauthorized", message: expect.stringContaining("no basic auth credentials") }),
    );
    await expect(pull()).rejects.toThrow(expect.objectContaining({ category: "unauthorized" }));
    expect(registry.count("/manifests/")).toBe(2);
  });
});
