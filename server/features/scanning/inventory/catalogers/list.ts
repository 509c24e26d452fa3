import { apk } from './apk.ts'
import type { Cataloger } from './cataloger.ts'
import { dotnet } from './dotnet.ts'
import { dpkg } from './dpkg.ts'
import { go } from './go.ts'
import { java } from './java.ts'
import { npm } from './npm.ts'
import { osRelease } from './os-release.ts'
import { php } from './php.ts'
import { python } from './python.ts'
import { rpm } from './rpm.ts'
import { ruby } from './ruby.ts'
import { rust } from './rust.ts'

/** A file is read by each of those that want it: a program may be of Go and of Rust. */
export const catalogers = [
  osRelease,
  dpkg,
  apk,
  rpm,
  npm,
  python,
  go,
  rust,
  ruby,
  php,
  dotnet,
  java,
] satisfies Cataloger[]

/**
 * Goes up with every change of what is read from a layer: what an earlier version has read is read again then.
 */
export const catalogersVersion = 1
