import { argv, stdout } from "node:process";
import { silentLogger } from "#lib/logger.ts";
import type { LaunchRequest } from "../../../contract.ts";
import { createOciRuntime } from "../open.ts";
import { installedRuntimes } from "../../runtimes.ts";

/** A daemon that runs one container until somebody kills it: `doomed-daemon.ts <exec root> <cgroup parent> <runtime> <request>`. */
const [execRoot = "", cgroupParent = "", defaultRuntime = "", text = ""] = argv.slice(2);
const options = { instance: { execRoot, cgroupParent }, runtimes: installedRuntimes(), defaultRuntime, monitorPath: "/usr/bin/conmon" };
const driver = await createOciRuntime({ logger: silentLogger }, options);
const request = JSON.parse(text) as LaunchRequest;
await driver.create({ ...request, logPath: request.logPath }, new AbortController().signal);
const streams = await driver.attach(request.id);
await driver.start(request.id);
const chunk = await streams.output[Symbol.asyncIterator]().next();
stdout.write(`seen ${Buffer.from(chunk.value?.data ?? []).toString()}`);
await driver.exited(request.id);
