/** What programs import: `import { connect, Engine } from "dhow"`. */
export { Engine, type EngineOptions } from "./embed/engine.ts";
export { connect, type ConnectOptions, type EngineClient } from "./client/engine-client.ts";
export { ApiError } from "./client/api-error.ts";
export { EngineError, type ErrorCategory } from "./errors/engine-error.ts";
