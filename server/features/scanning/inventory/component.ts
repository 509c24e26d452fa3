/** Types of package URLs (github.com/package-url/purl-spec, PURL-TYPES), and `os` for the operating system itself. */
type ComponentType =
  | 'os'
  | 'deb'
  | 'apk'
  | 'rpm'
  | 'npm'
  | 'pypi'
  | 'golang'
  | 'cargo'
  | 'gem'
  | 'composer'
  | 'nuget'
  | 'maven'

/** A package that an image holds, as the package's own files describe it. */
export type Component = {
  type: ComponentType
  /** A scope, a vendor, a group, or the path before the last segment; absent where the type has none. */
  namespace?: string
  name: string
  /** As the package says it; '' when it says none. */
  version: string
  /** Qualifiers of the package URL, such as `arch` and `epoch`. */
  qualifiers?: Record<string, string>
  /** The license as the package says it, which may be any text. */
  license?: string
  /** The source package that it was built from, where that has another name or version. */
  source?: { name: string; version: string }
}

/** A component with the file of the image that told of it; `path` has no slash at its start. */
export type Found = { path: string; component: Component }

/** What is installed in an image: each package once, in the order of the package URLs. */
export type Inventory = {
  os: Component | undefined
  found: Found[]
  /** What could not be read and was left out, a sentence each. */
  notes: string[]
}
