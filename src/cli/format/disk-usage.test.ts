import { expect, test } from "vitest";
import type { DiskUsageAnswer } from "#client/system.ts";
import { usageDetails, usageList, usageRows } from "./disk-usage.ts";
import { formatList } from "./list.ts";

const id = "a".repeat(64);
const usage = {
  LayersSize: 3_000_000,
  ArchivesSize: 400_000,
  Images: [
    { Id: `sha256:${id}`, RepoTags: ["app:1"], Size: 2_000_000, SharedSize: 500_000, SizeArchives: 400_000, Containers: 1 },
    { Id: `sha256:${"b".repeat(64)}`, RepoTags: [], Size: 1_000_000, SharedSize: 0, Containers: 0 },
  ],
  Containers: [
    { Id: id, Image: "app:1", SizeRw: 2_500_000, SizeLogs: 2_000_000, State: "running", Status: "Up 2 hours", Names: ["/web"] },
    { Id: id, Image: `sha256:${id}`, SizeRw: 1000, State: "exited", Status: "Exited (0)", Names: ["/old"] },
  ],
  Volumes: [{ Name: "data", Driver: "local", Mountpoint: "/", UsageData: { RefCount: 1, Size: 40_000 } }],
  BuildCache: [
    { ID: "0".repeat(24), Type: "regular", Size: 30_000, InUse: true, Shared: false, UsageCount: 2, Description: "RUN make" },
    { ID: "1".repeat(24), Type: "regular", Size: 10_000, InUse: false, Shared: false, UsageCount: 0, Description: "COPY . ." },
    { ID: "2".repeat(24), Type: "regular", Size: 90_000, InUse: false, Shared: true, UsageCount: 1, Description: "RUN true" },
  ],
} as unknown as DiskUsageAnswer;

test("a row for each kind, with columns for logs and archives", () => {
  expect(formatList(undefined, usageList, usageRows(usage))).toBe(
    [
      "TYPE            TOTAL     ACTIVE    SIZE      LOGS      ARCHIVES   RECLAIMABLE\n",
      "Images          2         1         3MB       0B        400kB      1.5MB (50%)\n",
      "Containers      2         1         2.501MB   2MB       0B         1kB (0%)\n",
      "Local Volumes   1         1         40kB      0B        0B         0B (0%)\n",
      "Build Cache     3         1         40kB      0B        0B         10kB (25%)\n",
    ].join(""),
  );
  expect(formatList("{{.Type}} {{.Logs}}", usageList, usageRows(usage))).toContain("Containers 2MB\n");
});

test("each by itself", () => {
  expect(usageDetails(usage)).toBe(
    [
      "Images space usage:\n\n",
      "IMAGE     IMAGE ID       SIZE      ARCHIVES   SHARED SIZE   UNIQUE SIZE   CONTAINERS\n",
      "app:1     aaaaaaaaaaaa   2MB       400kB      500kB         1.5MB         1\n",
      "<none>    bbbbbbbbbbbb   1MB       0B         0B            1MB           0\n",
      "\nContainers space usage:\n\n",
      "CONTAINER ID   IMAGE          SIZE      LOGS      STATUS       NAMES\n",
      "aaaaaaaaaaaa   app:1          2.5MB     2MB       Up 2 hours   web\n",
      "aaaaaaaaaaaa   aaaaaaaaaaaa   1kB       0B        Exited (0)   old\n",
      "\nLocal Volumes space usage:\n\n",
      "VOLUME NAME   LINKS     SIZE\n",
      "data          1         40kB\n",
      "\nBuild cache usage:\n\n",
      "CACHE ID       CACHE TYPE   SIZE      USAGE     SHARED    DESCRIPTION\n",
      "000000000000   regular      30kB      2         false     RUN make\n",
      "111111111111   regular      10kB      0         false     COPY . .\n",
      "222222222222   regular      90kB      1         true      RUN true\n",
    ].join(""),
  );
});

test("of an engine that says nothing of logs, and has nothing", () => {
  const empty: DiskUsageAnswer = { LayersSize: 0, Images: null, Containers: null, Volumes: null, BuildCache: null };
  expect(usageRows(empty).every(({ total, bytes, reclaimable }) => total === 0 && bytes === 0 && reclaimable === 0)).toBe(true);
});
