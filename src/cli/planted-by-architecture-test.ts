import { x } from "#daemon/wire.ts";
export const y = x;
