import { expect, it } from "vitest";
import { keepsXattr } from "./xattr-policy.ts";

it.each(["security.capability", "user.mime_type", "user.x.y"])("keeps %s", (name) => {
  expect(keepsXattr(name)).toBe(true);
});

it.each([
  "trusted.overlay.opaque",
  "trusted.overlay.redirect",
  "trusted.overlay.metacopy",
  "trusted.anything",
  "user.overlay.opaque",
  "user.overlay.whiteout",
  "user.fuseoverlayfs.opaque",
  "security.selinux",
  "security.ima",
  "security.evm",
  "system.posix_acl_access",
  "system.nfs4_acl",
  "",
  "user",
  `user.${"x".repeat(251)}`,
])("leaves out %s", (name) => {
  expect(keepsXattr(name)).toBe(false);
});
