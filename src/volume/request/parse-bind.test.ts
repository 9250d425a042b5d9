import { describe, expect, it } from "vitest";
import { parseBind } from "./parse-bind.ts";

const bind = {
  type: "bind",
  source: "/src",
  target: "/dst",
  readOnly: false,
  mode: "",
  propagation: "rprivate",
  options: ["rbind"],
  createSource: true,
};
const volume = {
  type: "volume",
  name: "data",
  target: "/dst",
  readOnly: false,
  mode: "",
  driver: "",
  driverOptions: {},
  labels: {},
  copyUp: true,
};

describe("-v", () => {
  it.each([
    ["/src:/dst", bind],
    ["/src/../src/:/dst//", bind],
    ["/src:/dst:ro", { ...bind, readOnly: true, mode: "ro" }],
    ["/src:/dst:rw,z", { ...bind, mode: "rw,z" }],
    ["/src:/dst:Z,rslave,cached", { ...bind, mode: "Z,rslave,cached", propagation: "rslave" }],
    ["/src:/dst:", bind],
    ["data:/dst", volume],
    ["data:/dst:nocopy,ro", { ...volume, readOnly: true, copyUp: false, mode: "nocopy,ro" }],
    ["/dst", { ...volume, name: undefined }],
    ["/", "invalid volume specification: '/': invalid mount config for type \"volume\": invalid specification: destination can't be '/'"],
    [
      "data:/",
      "invalid volume specification: 'data:/': invalid mount config for type \"volume\": invalid specification: destination can't be '/'",
    ],
    [
      "/src:dst",
      "invalid volume specification: '/src:dst': invalid mount config for type \"bind\": invalid mount path: 'dst' mount path must be absolute",
    ],
    ["dst", "invalid mount path: 'dst' mount path must be absolute"],
    ["", "invalid volume specification: ''"],
    [":", "invalid volume specification: ':'"],
    ["::", "invalid volume specification: '::'"],
    [":/dst", "invalid volume specification: ':/dst'"],
    ["/src:", "invalid volume specification: '/src:'"],
    ["/dst:ro", "invalid volume specification: '/dst:ro'"],
    ["a:/b:ro:d", "invalid volume specification: 'a:/b:ro:d'"],
    ["/src:/dst:x", "invalid mode: x"],
    ["/src:/dst:ro,rw", "invalid mode: ro,rw"],
    ["/src:/dst:ro,", "invalid mode: ro,"],
    ["/src:/dst:shared,slave", "invalid mode: shared,slave"],
    ["/src:/dst:nocopy", "field VolumeOptions must not be specified"],
    ["data:/dst:rshared", "field BindOptions must not be specified"],
    ["/s\0:/dst", "it holds a NUL"],
  ])("%j", (text, expected) => {
    if (typeof expected === "string") expect(() => parseBind(text)).toThrow(expected);
    else expect(parseBind(text)).toEqual(expected);
  });

  it("hands the driver on to volumes", () => {
    expect(parseBind("data:/dst", "nfs")).toMatchObject({ driver: "nfs" });
    expect(parseBind("/src:/dst", "nfs")).not.toHaveProperty("driver");
  });
});
