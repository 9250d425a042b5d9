import type { HttpRequest } from "#http/answer.ts";
import type { Access, Principal } from "../access.ts";
import { accountOf } from "../answer.ts";

/** Everybody may do everything: for a registry that only its own machine can reach. */
export class OpenAccess implements Access {
  identify(request: HttpRequest): Promise<Principal> {
    return Promise.resolve({ user: undefined, account: accountOf(request) });
  }

  identifyReader(request: HttpRequest): Promise<Principal> {
    return this.identify(request);
  }

  allows(): boolean {
    return true;
  }

  maySee(): boolean {
    return true;
  }

  check(): void {
    // Nothing is forbidden.
  }

  checkBase(): void {
    // Nor this.
  }

  checkCatalog(): void {
    // Nor this.
  }
}
