import { SystemCallError } from "#sys/ffi.ts";
import { NftError } from "../nft/nftables.ts";
import type { Operations } from "./operations.ts";

/** What goes between the event loop and the network worker. */
export interface Call<Name extends keyof Operations = keyof Operations> {
  readonly id: number;
  readonly name: Name;
  readonly parameters: Parameters<Operations[Name]>;
}

export type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly failure: Failure });

/** An error as data: a structured clone would lose its class. */
export type Failure =
  | { readonly kind: "system-call"; readonly syscall: string; readonly errno: number; readonly path: string | undefined }
  | { readonly kind: "nft"; readonly message: string }
  | { readonly kind: "other"; readonly message: string };

export function failureOf(error: unknown): Failure {
  if (error instanceof SystemCallError) {
    return { kind: "system-call", syscall: error.syscall, errno: error.errno, path: error.path };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { kind: error instanceof NftError ? "nft" : "other", message };
}

export function errorOf(failure: Failure): Error {
  switch (failure.kind) {
    case "system-call":
      return new SystemCallError(failure.syscall, failure.errno, failure.path);
    case "nft":
      return new NftError(failure.message);
    case "other":
      return new Error(failure.message);
  }
}
