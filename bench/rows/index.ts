import type { Row } from "../row.ts";
import {
  buildCached,
  buildCachedByCommand,
  buildChanged,
  buildCold,
  buildColdByCommand,
  buildLargeContext,
  buildLargeCopy,
  buildManyFiles,
  buildParallel,
} from "./build.ts";
import { commit, copyLargeIn, copyLargeOut, copyManyIn, copyManyOut, exported } from "./files.ts";
import { loadBig, pullBig, pullTen, pushBig, saveBig } from "./images.ts";
import { exec, removeForced, stop } from "./live.ts";
import { daemonStart0, daemonStart200, list200, memory0, memory200, memory50, remove200, start200, start50, stats200 } from "./many.ts";
import { attachLogged, attachPlain, logRead, logWrite } from "./output.ts";
import { apiCycle, runBridge, runHost, runNone, runPublish } from "./run.ts";
import { names } from "./names.ts";
import { networkConnect, networkCreateRemove, publishThousand } from "./networks.ts";
import { between, published, roundTrip } from "./traffic.ts";
import { listVolumes } from "./volumes.ts";

/** In the order of docs/performance.md. */
export const rows: readonly Row[] = [
  runBridge,
  runNone,
  runHost,
  runPublish,
  apiCycle,
  exec,
  stop,
  removeForced,
  start50,
  start200,
  remove200,
  list200,
  stats200,
  listVolumes,
  memory0,
  memory50,
  memory200,
  daemonStart0,
  daemonStart200,
  pullBig,
  pullTen,
  pushBig,
  saveBig,
  loadBig,
  buildCold,
  buildCached,
  buildColdByCommand,
  buildCachedByCommand,
  buildChanged,
  buildManyFiles,
  buildLargeContext,
  buildLargeCopy,
  buildParallel,
  logWrite,
  logRead,
  attachPlain,
  attachLogged,
  copyLargeIn,
  copyLargeOut,
  copyManyIn,
  copyManyOut,
  commit,
  exported,
  between,
  published,
  roundTrip,
  names,
  networkCreateRemove,
  networkConnect,
  publishThousand,
];
