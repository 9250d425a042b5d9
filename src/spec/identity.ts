import manifest from "../../package.json" with { type: "json" };

/** This package's version. */
export const dhowVersion: string = manifest.version;

/** The Docker release whose ways this engine keeps: clients decide by it what they may ask for. */
const dockerVersion = "28.5.2";

/**
 * What clients are told as the engine's version. They compare it with the least Docker that they need, so it has to be Docker's; what
 * stands behind the plus is for people (semantic versioning ignores it, and distributions' own Docker versions look the same).
 */
export const serverVersion = `${dockerVersion}+dhow.${dhowVersion}`;
