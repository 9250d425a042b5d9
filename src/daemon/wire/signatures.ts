import type { Judge } from "#distribution/inquiry/verify-remote.ts";
import type { ImageGate } from "#distribution/ports.ts";
import type { Verdict } from "#trust/contract.ts";
import { policyExists } from "#trust/policy/policy-exists.ts";
import type { LiveConfig } from "../live-config.ts";

/** What the signature policy says of images, and who holds them to it. Where there is no policy nothing is loaded to say so. */
export function wireSignatures(config: LiveConfig): { readonly gate: ImageGate; readonly verdictOn: Judge<Verdict> } {
  const policy = (): string | undefined => config.current.images.signaturePolicy;
  const verdictOn: Judge<Verdict> = async (...asked) => (await import("#trust/gate.ts")).verdictOn(policy(), ...asked);
  const gate: ImageGate = {
    async check(reference, ...asked) {
      if (!(await policyExists(policy()))) return;
      const verdict = await verdictOn(reference, ...asked);
      (await import("#trust/gate.ts")).enforce(verdict, reference);
    },
  };
  return { gate, verdictOn };
}
