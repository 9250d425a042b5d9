import { describe, expect, it } from "vitest";
import type { ImageSummary } from "#spec/docker-api/types.ts";
import { imageList, imageRows } from "./image-list.ts";
import { formatList } from "./list.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const image: ImageSummary = {
  Id: `sha256:f46794215d8d${"0".repeat(52)}`,
  RepoTags: ["team/app:v2", "127.0.0.1:5000/app:v1"],
  RepoDigests: [`team/app@${DIGEST}`],
  Created: 1_767_225_600,
  Size: 1_982_365,
  SharedSize: -1,
  Containers: 3,
};

function show(format: string | undefined, row: ImageSummary, digests = false): string {
  const list = imageList({ truncate: true, digests, now: 1_767_225_600 + 86_400 * 30 });
  return formatList(format, list, imageRows([row], { digests }));
}

describe("a list of images", () => {
  it("has a row for each name", () => {
    expect(show(undefined, image)).toBe(
      [
        "REPOSITORY           TAG       IMAGE ID       CREATED       SIZE\n",
        "127.0.0.1:5000/app   v1        f46794215d8d   4 weeks ago   1.98MB\n",
        "team/app             v2        f46794215d8d   4 weeks ago   1.98MB\n",
      ].join(""),
    );
  });

  it.each<[string, Partial<ImageSummary>, boolean, string]>([
    ["tags and digests", {}, true, `127.0.0.1:5000/app v1 <none>\nteam/app v2 ${DIGEST}\n`],
    ["no name", { RepoTags: [], RepoDigests: [] }, false, "<none> <none> <none>\n"],
    ["no name, as old daemons say it", { RepoTags: ["<none>:<none>"], RepoDigests: ["<none>@<none>"] }, false, "<none> <none> <none>\n"],
    ["a digest alone", { RepoTags: [] }, false, `team/app <none> ${DIGEST}\n`],
    ["a digest that no tag has", { RepoTags: ["x:1"] }, true, `x 1 <none>\nteam/app <none> ${DIGEST}\n`],
    ["a digest that no tag has, where none is asked for", { RepoTags: ["x:1"] }, false, "x 1 <none>\n"],
  ])("with %s", (_name, fields, digests, expected) => {
    expect(show("{{.Repository}} {{.Tag}} {{.Digest}}", { ...image, ...fields }, digests)).toBe(expected);
  });

  it("says what is not known", () => {
    expect(show("{{.SharedSize}} {{.Containers}} {{.CreatedSince}}", { ...image, RepoTags: ["x:1"], Created: 0 })).toBe("N/A 3 N/A\n");
  });
});
