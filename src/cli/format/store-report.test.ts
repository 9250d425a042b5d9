import { expect, it } from "vitest";
import { storeReportText, unrepaired } from "./store-report.ts";

const finding = { Kind: "missing-blob", Subject: `sha256:${"ab".repeat(32)}`, Images: [], Detail: "a layer archive is not here" } as const;

it("says that all is well", () => {
  expect(storeReportText({ Blobs: 3, Layers: 2, Findings: [] }, "cure")).toBe("Looked at 3 blobs and 2 layers: all is well.\n");
});

it("says what is the matter, and what to do", () => {
  const report = { Blobs: 3, Layers: 2, Findings: [{ ...finding, Outcome: "found", Words: "" }] } as const;
  expect(storeReportText(report, "dhow system doctor --repair")).toBe(
    [
      "Looked at 3 blobs and 2 layers: 1 fault.",
      "missing-blob sha256:abababababab: a layer archive is not here",
      "Run 'dhow system doctor --repair' to mend what can be mended.",
      "",
    ].join("\n"),
  );
  expect(unrepaired(report)).toBe(1);
});

it("says what became of it", () => {
  const report = {
    Blobs: 3,
    Layers: 2,
    Findings: [
      { ...finding, Outcome: "repaired", Words: "fetched again from reg.example/x" },
      { ...finding, Outcome: "not-repaired", Words: "pull \u001b[2Jx:1 again" },
    ],
  } as const;
  expect(storeReportText(report, undefined)).toBe(
    [
      "Looked at 3 blobs and 2 layers: 2 faults.",
      "missing-blob sha256:abababababab: a layer archive is not here - repaired: fetched again from reg.example/x",
      "missing-blob sha256:abababababab: a layer archive is not here - NOT repaired: pull \\u001b[2Jx:1 again",
      "1 repaired, 1 not.",
      "",
    ].join("\n"),
  );
  expect(unrepaired(report)).toBe(1);
});
