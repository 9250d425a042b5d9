import { snapshotterSuite } from "../contract.suite.ts";
import { createVfsSnapshotter } from "./vfs.ts";

// A copy has no holes.
snapshotterSuite("vfs", createVfsSnapshotter, { largeFile: 64 << 20 });
