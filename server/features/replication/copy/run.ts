import type { Digest } from '../../../../oci/digest.ts'
import type { RepositoryName, Tag } from '../../../../oci/reference.ts'
import type { Level } from '../../../platform/jobs/log.ts'
import type { Places } from '../../../platform/places.ts'
import type { Side } from '../sides/side.ts'
import type { Mounts } from './mounts.ts'
import type { Throttle } from '../../../platform/throttle.ts'
import type { Uploads } from './uploads.ts'

/** What a task has done so far; bytes are those sent. */
export type Counts = {
  copied: number
  same: number
  kept: number
  gone: number
  blobs: number
  mounted: number
  bytes: number
}

/** One repository that is copied to another: what every step of it shares. */
export type CopyRun = {
  source: Side
  target: Side
  from: RepositoryName
  to: RepositoryName
  /** A tag that means something else at the target is moved; otherwise it is left alone. */
  overrides: boolean
  /** The most bytes of one request of a blob; undefined: a blob is sent in one. */
  chunkBytes: number | undefined
  /** `os/architecture[/variant]`; none for all. */
  platforms: readonly string[]
  rewritesIndex: boolean
  /** The source's tags that name what belongs to another artifact; undefined where they are not known. */
  linkTags: ReadonlySet<Tag> | undefined
  /** Blobs that are sent at once. */
  places: Places
  throttle: Throttle
  uploads: Uploads
  mounts: Mounts
  /** Tries of a blob, and the pause after the first that failed, in ms; it doubles. */
  retries: { tries: number; firstMs: number }
  /** Makes what must exist at the target before the first push, once. */
  ready(): Promise<void>
  signal: AbortSignal
  log(line: string, level?: Level): void
  counts: Counts
  told(): void
  /** Blobs that the target's repository has, as this run has seen or made it. */
  held: Set<Digest>
  /** Manifests that this run has done with all their accessories, by their digests at the source. */
  done: Set<Digest>
}
