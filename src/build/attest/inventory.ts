/** What is installed in a file tree, as the databases of its package managers say. */
export interface Inventory {
  /** Of /etc/os-release; undefined where there is none. */
  readonly system: System | undefined;
  /** In order of kind, name and version, each once. */
  readonly packages: readonly InstalledPackage[];
}

export interface System {
  /** `debian` */
  readonly id: string;
  /** `12` */
  readonly version: string | undefined;
}

export interface InstalledPackage {
  readonly kind: PackageKind;
  readonly name: string;
  readonly version: string;
  readonly architecture?: string | undefined;
  /** The source package that it was built from, where that has another name. */
  readonly source?: string | undefined;
  /** As the package says; may be no SPDX expression. */
  readonly license?: string | undefined;
  /** The file that says so, from the tree's root on. */
  readonly foundIn: string;
}

export type PackageKind = "apk" | "deb" | "golang" | "npm" | "pypi";
