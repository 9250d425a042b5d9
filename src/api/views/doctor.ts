import type { Diagnosis, DoctorReport, Finding } from "#image/doctor/finding.ts";
import type { StoreFinding, StoreReport } from "#spec/store-report.ts";

export function doctorView({ blobs, layers, diagnoses }: DoctorReport): StoreReport {
  return { Blobs: blobs, Layers: layers, Findings: diagnoses.map(findingView) };
}

function findingView({ finding, outcome }: Diagnosis): StoreFinding {
  const subject = "digest" in finding ? finding.digest : finding.chainId;
  const common = { Kind: finding.kind, Subject: subject, Images: "images" in finding ? finding.images : [], Detail: detailOf(finding) };
  switch (outcome.kind) {
    case "found":
      return { ...common, Outcome: "found", Words: "" };
    case "repaired":
      return { ...common, Outcome: "repaired", Words: outcome.how };
    case "not-repaired":
      return { ...common, Outcome: "not-repaired", Words: outcome.why };
  }
}

function detailOf(finding: Finding): string {
  switch (finding.kind) {
    case "missing-blob":
      return `a ${finding.role} is not here`;
    case "damaged-blob":
      return `a ${finding.role} does not hold what its digest says`;
    case "missing-layer":
      return "a layer is not unpacked";
    case "damaged-layer":
      return `a layer's files hold ${finding.bytes} bytes, and ${finding.expected} were unpacked`;
    case "orphan-blob":
      return `${finding.bytes} bytes that no image needs`;
    case "orphan-layer":
      return "a layer that no image and no container needs";
  }
}
