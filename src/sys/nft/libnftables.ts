import koffi from "koffi";

/** The few functions of libnftables that Dhow calls. Source: nftables/libnftables.h (stable since nftables 0.9). */
export interface LibNftables {
  newContext(flags: number): unknown;
  freeContext(context: unknown): void;
  bufferOutput(context: unknown): number;
  bufferError(context: unknown): number;
  output(context: unknown): string;
  error(context: unknown): string;
  setOutputFlags(context: unknown, flags: number): void;
  run(context: unknown, commands: string): number;
}

let loaded: LibNftables | undefined;

/** Loads the library at first use. @throws Error of the loader when it is not installed. */
export function libnftables(): LibNftables {
  loaded ??= load();
  return loaded;
}

function load(): LibNftables {
  const library = koffi.load("libnftables.so.1");
  return {
    newContext: library.func("void *nft_ctx_new(uint32_t flags)"),
    freeContext: library.func("void nft_ctx_free(void *context)"),
    bufferOutput: library.func("int nft_ctx_buffer_output(void *context)"),
    bufferError: library.func("int nft_ctx_buffer_error(void *context)"),
    output: library.func("const char *nft_ctx_get_output_buffer(void *context)"),
    error: library.func("const char *nft_ctx_get_error_buffer(void *context)"),
    setOutputFlags: library.func("void nft_ctx_output_set_flags(void *context, unsigned int flags)"),
    run: library.func("int nft_run_cmd_from_buffer(void *context, const char *commands)"),
  };
}
