import { expect, it } from "vitest";
import { endpointsOf } from "./endpoint.ts";

const options = {
  mirrors: ["https://mirror.example", "http://127.0.0.1:5001", "GHCR.io=https://other.example:5000"],
  insecureRegistries: ["old.example:5000", "10.0.0.0/8"],
};

it.each([
  ["docker.io", ["https://mirror.example", "http://127.0.0.1:5001", "https://registry-1.docker.io"], [false, true, false]],
  ["ghcr.io", ["https://other.example:5000", "https://ghcr.io"], [false, false]],
  ["reg.example", ["https://reg.example"], [false]],
  ["reg.example:5000", ["https://reg.example:5000"], [false]],
  ["localhost:5000", ["http://localhost:5000 https://localhost:5000"], [true]],
  ["127.0.0.1:5000", ["http://127.0.0.1:5000 https://127.0.0.1:5000"], [true]],
  ["[::1]:5000", ["http://[::1]:5000 https://[::1]:5000"], [true]],
  ["old.example:5000", ["https://old.example:5000 http://old.example:5000"], [true]],
  ["old.example", ["https://old.example"], [false]],
  ["10.2.3.4", ["https://10.2.3.4 http://10.2.3.4"], [true]],
])("%s is at %j", (domain, bases, insecure) => {
  const endpoints = endpointsOf(domain, options);
  expect(endpoints.map((endpoint) => endpoint.bases.map(({ origin }) => origin).join(" "))).toEqual(bases);
  expect(endpoints.map((endpoint) => endpoint.insecure)).toEqual(insecure);
});
