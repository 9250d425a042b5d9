import { monotonicMs } from "#lib/monotonic.ts";
import { type Framing, HeadFraming } from "./framing.ts";

/** Where a connection stands; see `Connection` for its life. */
export type Phase =
  /** Between messages, or inside a head. */
  | { readonly kind: "head"; readonly framing: HeadFraming; since: number }
  /** The parser has a whole head, and its request has not been seen yet. */
  | { readonly kind: "dispatch" }
  /** `open`: somebody wants the body, or nobody ever will. Until then it waits, since it may be lent. */
  | { readonly kind: "body"; readonly framing: Framing; open: boolean; answered: boolean }
  /** Somebody else reads the socket, to the body's end. */
  | { readonly kind: "lent"; answered: boolean }
  /** The body was lent and came back unread: where the next message begins nobody knows. */
  | { readonly kind: "lost" }
  /** The whole request is with the parser; what comes now waits. */
  | { readonly kind: "answer" }
  /** Hijacked: bytes go through as they are. */
  | { readonly kind: "raw" }
  /** The last byte was written; input is thrown away until the peer has read it and goes. */
  | { readonly kind: "lingering" };

/** A new connection owes a head at once; a kept one owes it from the first byte on. */
export function newHead(): Phase {
  return { kind: "head", framing: new HeadFraming(), since: monotonicMs() };
}
