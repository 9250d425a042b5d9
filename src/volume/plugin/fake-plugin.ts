import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

type Body = Readonly<Record<string, unknown>>;
/** Undefined: never an answer. A text is sent as it is. */
type Answer = object | string | undefined;
export const HANG_UP = Symbol("hang up");

/** A volume plugin for tests, on a socket: its volumes are folders. */
export class FakePlugin {
  readonly calls: { readonly method: string; readonly body: Body }[] = [];
  /** Instead of what it would do. */
  readonly overrides: Record<string, (body: Body) => Answer | symbol> = {};
  readonly volumes = new Map<string, { readonly options: unknown; readonly mounts: Set<string> }>();
  readonly #folder: string;
  readonly #server: Server;

  /** @param tls speaks TLS, and asks for what these say. */
  constructor(folder: string, tls?: ServerOptions) {
    this.#folder = folder;
    const listener: RequestListener = (request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => {
        const method = (request.url ?? "").slice(1);
        const body = JSON.parse(Buffer.concat(pieces).toString() || "{}") as Body;
        this.calls.push({ method, body });
        const answer = (this.overrides[method] ?? ((given) => this.#answer(method, given)))(body);
        if (typeof answer === "symbol") return void request.socket.destroy();
        if (answer === undefined) return;
        response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
      });
    };
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  }

  /** @param address a path, or a port. */
  async listen(address: string | number): Promise<void> {
    await new Promise<void>((resolve) => {
      if (typeof address === "string") this.#server.listen(address, resolve);
      else this.#server.listen(address, "127.0.0.1", resolve);
    });
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Methods that were called, without `Plugin.` and `VolumeDriver.`. */
  methods(): string[] {
    return this.calls.map(({ method }) => method.split(".")[1] ?? "");
  }

  pathOf(name: string): string {
    return join(this.#folder, name);
  }

  #answer(method: string, body: Body): Answer {
    const [name, id] = [String(body["Name"]), String(body["ID"])];
    const volume = this.volumes.get(name);
    switch (method) {
      case "Plugin.Activate":
        return { Implements: ["VolumeDriver"] };
      case "VolumeDriver.Capabilities":
        return { Capabilities: { Scope: "global" } };
      case "VolumeDriver.List":
        return { Volumes: [...this.volumes.keys()].map((Name) => ({ Name, Mountpoint: "" })) };
      case "VolumeDriver.Create":
        this.volumes.set(name, { options: body["Opts"], mounts: new Set() });
        return { Err: "" };
    }
    if (volume === undefined) return { Err: `no volume ${name}` };
    switch (method) {
      case "VolumeDriver.Get":
        return { Volume: { Name: name, Mountpoint: "", CreatedAt: "2026-01-02T03:04:05Z", Status: { mounts: volume.mounts.size } } };
      case "VolumeDriver.Remove":
        this.volumes.delete(name);
        return {};
      case "VolumeDriver.Mount":
        volume.mounts.add(id);
        mkdirSync(this.pathOf(name), { recursive: true });
        return { Mountpoint: this.pathOf(name) };
      case "VolumeDriver.Unmount":
        volume.mounts.delete(id);
        return {};
      default:
        return { Err: "unknown" };
    }
  }
}
