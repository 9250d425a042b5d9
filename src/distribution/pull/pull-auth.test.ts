import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { imageFixture } from "#image/testing.ts";
import { FakeRegistry, imageParts, refuse, serve } from "../testing.ts";
import { layerDigest, login, PullTrial, refusal } from "./testing.ts";

let trial: PullTrial;
let registry: FakeRegistry;
let other: FakeRegistry;
beforeEach(async () => {
  trial = await PullTrial.open(imageFixture());
  registry = trial.registry;
  other = await FakeRegistry.start();
});
afterEach(async () => {
  await trial[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

describe("P19: redirects", () => {
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
    await expect(trial.pull()).rejects.toThrow(expect.objectContaining({ category: "unauthorized" }));
    expect(other.seen).toEqual([{ method: "GET", url: "/blob", authorization: undefined, range: undefined }]);
  });

  it("follows one to where the blob is", async () => {
    const parts = imageParts(["one"]);
    serve(registry, "x", "t", parts);
    serve(other, "y", "t", parts);
    trial.onLayer(
      parts,
      (_, response) => void response.writeHead(307, { Location: `${other.origin}/v2/y/blobs/${layerDigest(parts)}` }).end(),
    );
    await trial.pull();
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
    expect(await trial.outcome()).toEqual(refusal(message, "forbidden"));
  });
});

describe("CVE-2026-33540, CVE-2025-51471: token servers that registries name", () => {
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
    await trial.pull();
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
    await trial.pull();
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
    trial.configure({ registries: { mirrors: [], insecureRegistries: [other.host] } });
    await trial.pull();
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
    await trial.pull({ credential: { kind: "identity", token: "REFRESH" }, serverAddress: undefined });
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
    expect(await trial.outcome()).toEqual(refusal(message, "forbidden"));
  });

  it("refuses a token that would break a header", async () => {
    registry.hook = (request, response) => {
      if ((request.url ?? "").startsWith("/token")) response.end(JSON.stringify({ token: "T\r\nX-Evil: 1" }));
      else refuse(response, 401, "UNAUTHORIZED", "", { "WWW-Authenticate": `Bearer realm="${registry.origin}/token"` });
      return true;
    };
    expect(await trial.outcome()).toEqual(refusal("did not include a token", "unauthorized"));
  });

  it("CVE-2021-41092: does not send credentials that are meant for another registry", async () => {
    serve(registry, "x", "t", imageParts(["one"]));
    challenge(`${registry.origin}/token`);
    for (const serverAddress of [`https://${registry.host}.evil/v1/`, "127.0.0.1", `${registry.host}0`])
      await trial.pull({ ...login, serverAddress });
    expect(registry.seen.filter(({ authorization }) => authorization?.startsWith("Basic "))).toEqual([]);
    await trial.pull({ ...login, serverAddress: `https://${registry.host}` });
    expect(registry.seen.filter(({ authorization }) => authorization?.startsWith("Basic "))).toHaveLength(1);
  });

  it("asks for Basic credentials where it has none", async () => {
    registry.hook = (_, response) => {
      refuse(response, 401, "UNAUTHORIZED", "", { "WWW-Authenticate": 'Basic realm="r"' });
      return true;
    };
    await expect(trial.pull({ credential: { kind: "anonymous" }, serverAddress: undefined })).rejects.toThrow(
      expect.objectContaining({ category: "unauthorized", message: expect.stringContaining("no basic auth credentials") }),
    );
    await expect(trial.pull()).rejects.toThrow(expect.objectContaining({ category: "unauthorized" }));
    expect(registry.count("/manifests/")).toBe(2);
  });
});
