/** For tests: a pull from a fake registry into stores of its own, and what it left there. */
import type http from "node:http";
import { expect } from "vitest";
import { parseReference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { Snapshotter } from "#store/snapshots/contract.ts";
import type { ImageTarget } from "../ports.ts";
import { FakeRegistry, sha, testPullService, type ImageParts, type TestPullService } from "../testing.ts";

export const login: RegistryAuth = { credential: { kind: "basic", username: "user", password: "SECRET" }, serverAddress: undefined };

export const layerDigest = (parts: ImageParts): string => sha(parts.packed[0] ?? Buffer.alloc(0));

/** What `outcome` gives of a pull that was refused and left nothing. */
export const refusal = (message: string, category = "invalid"): object => ({
  category,
  message: expect.stringContaining(message) as string,
  kept: [],
});

type TestPullOptions = NonNullable<Parameters<typeof testPullService>[1]>;

/** Where pulls go: as `imageFixture` of the image noun makes it. */
interface Target extends Disposable {
  readonly service: ImageTarget & { readonly images: { all(): Iterable<unknown> } };
  readonly content: ContentStore;
  readonly snapshots: Pick<Snapshotter, "list">;
}

const never = new AbortController().signal;

export class PullTrial implements AsyncDisposable {
  readonly registry: FakeRegistry;
  readonly fixture: Target;
  #service: TestPullService;

  private constructor(registry: FakeRegistry, target: Target) {
    this.registry = registry;
    this.fixture = target;
    this.#service = this.#open({});
  }

  static async open(target: Target): Promise<PullTrial> {
    return new PullTrial(await FakeRegistry.start(), target);
  }

  /** Pulls by these options from now on. */
  configure(options: TestPullOptions): void {
    this.#service.close();
    this.#service = this.#open(options);
  }

  /** @param name in the registry. */
  pull(auth: RegistryAuth = login, name = "x:t"): Promise<void> {
    const reference = parseReference(`${this.registry.host}/${name}`);
    return this.#service.pull({ reference, platform: undefined, auth }, () => undefined, never);
  }

  /** How a pull ended, and what it left. */
  async outcome(): Promise<object> {
    const error = await this.pull().then(
      () => ({ category: undefined, message: "pulled" }),
      (cause: { category: string; message: string }) => ({ category: cause.category, message: cause.message }),
    );
    const { content, snapshots, service } = this.fixture;
    return { ...error, kept: [...content.list(), ...snapshots.list().layers, ...service.images.all()] };
  }

  /** Answers requests for the layer in another way than the registry would. */
  onLayer(parts: ImageParts, answer: (request: http.IncomingMessage, response: http.ServerResponse, bytes: Buffer) => void): void {
    this.registry.hook = (request, response) => {
      if (!(request.url ?? "").endsWith(layerDigest(parts))) return false;
      answer(request, response, parts.packed[0] ?? Buffer.alloc(0));
      return true;
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#service.close();
    await this.registry[Symbol.asyncDispose]();
    this.fixture[Symbol.dispose]();
  }

  #open(options: TestPullOptions): TestPullService {
    const { service: target, content } = this.fixture;
    return testPullService({ target, content, events: { emit: () => undefined } }, options);
  }
}
