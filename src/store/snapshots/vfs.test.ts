import { snapshotterSuite } from "./contract.suite.ts";
import { createVfsSnapshotter } from "./vfs.ts";

snapshotterSuite("vfs", createVfsSnapshotter);
