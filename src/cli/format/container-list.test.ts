import { describe, expect, it } from "vitest";
import type { ContainerSummary } from "#spec/docker-api/types.ts";
import { containerList, type ContainerListOptions } from "./container-list.ts";
import { formatList } from "./list.ts";

const ID = "9741207d0c229f7ff63595d6cb9676a4847c423ece50c452573fbd91ca4f2b09";
const web: ContainerSummary = {
  Id: ID,
  Names: ["/web", "/other/db"],
  Image: "team/app:v1",
  Command: 'sh -c "echo hello; sleep 1000"',
  Created: 1_767_225_600,
  Ports: [{ IP: "127.0.0.1", PrivatePort: 80, PublicPort: 8080, Type: "tcp" }],
  Labels: { b: "2", a: "1" },
  State: "running",
  Status: "Up 3 minutes",
  SizeRw: 20_480,
  SizeRootFs: 2_060_000,
  NetworkSettings: { Networks: { front: {}, back: {} } },
  Mounts: [
    { Type: "volume", Name: "a-volume-with-a-long-name", Driver: "local", Source: "/x" },
    { Type: "bind", Source: "/srv" },
  ],
};

function show(format: string | undefined, row: ContainerSummary, options: Partial<ContainerListOptions> = {}): string {
  return formatList(format, containerList({ truncate: true, size: false, now: 1_767_225_600 + 7200, ...options }), [row]);
}

describe("a list of containers", () => {
  it("as a table", () => {
    expect(show(undefined, web)).toBe(
      [
        "CONTAINER ID   IMAGE         COMMAND                   CREATED       STATUS         PORTS                    NAMES\n",
        '9741207d0c22   team/app:v1   "sh -c \\"echo hello; …"   2 hours ago   Up 3 minutes   127.0.0.1:8080->80/tcp   web\n',
      ].join(""),
    );
  });

  it("has a column for sizes when they are asked for", () => {
    expect(show(undefined, web, { size: true })).toMatch(/NAMES {5}SIZE\n.*web {7}20\.5kB \(virtual 2\.06MB\)\n/);
  });

  it.each([
    ["{{.ID}} {{.Names}} {{.State}}", "9741207d0c22 web running"],
    ['{{.Labels}}|{{.Label "b"}}|{{.Label "none"}}', "a=1,b=2|2|"],
    ["{{.Mounts}} {{.LocalVolumes}}", "a-volume-with-…,/srv 1"],
    ["{{.Networks}} {{.CreatedAt}}", "back,front 2026-01-01 00:00:00 +0000 UTC"],
  ])("%s", (template, expected) => {
    expect(show(template, web)).toBe(`${expected}\n`);
  });

  it("keeps what is long when it is told to", () => {
    expect(show("{{.ID}} {{.Command}} {{.Mounts}}", web, { truncate: false })).toBe(
      `${ID} ${JSON.stringify(web.Command)} a-volume-with-a-long-name,/srv\n`,
    );
  });

  it("shortens an image that has no name any more", () => {
    expect(show("{{.Image}}", { ...web, Image: `sha256:${ID}` })).toBe("9741207d0c22\n");
    expect(show("{{.Image}}", { ...web, Image: "" })).toBe("<no image>\n");
  });

  it("shows the control characters of a hostile command instead of sending them", () => {
    const hostile = { ...web, Command: "\u001b]0;gone\u0007\u009b2J", Labels: { a: "\u001b[2J" } };
    expect(show(undefined, hostile)).toContain("\\u001b]0;gone\\u0007\\u009b2J");
    expect(show("table {{.Labels}}", hostile)).toContain("a=\\u001b[2J");
  });

  it("knows its fields", () => {
    expect(() => show("{{.Nonsense}}", web)).toThrow("can't evaluate field Nonsense");
    expect(() => show('{{.ID "x"}}', web)).toThrow("can't give argument to non-function");
  });

  it("of a daemon that says little does not break", () => {
    expect(show("{{json .}}", {})).toContain('"Names":""');
  });
});
