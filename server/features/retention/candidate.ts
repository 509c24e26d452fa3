import type { Digest } from '../../../oci/digest.ts'
import type { Tag } from '../../../oci/reference.ts'

/** Undefined when the time is not known: what depends on it is kept. */
export type Known = Date | undefined
/** Null when it was never pulled. */
export type Pulled = Date | null | undefined

export type CandidateTag = { name: Tag; pushedAt: Known; pulledAt: Pulled }

/** An artifact that stands at the top of its repository's list, with its tags; the unit that a policy decides about. */
export type Candidate = {
  id: number
  digest: Digest
  /** Harbor's word for the type, such as IMAGE. */
  type: string
  /** 0 for an image, more for an index: what holds others goes first. */
  depth: number
  pushedAt: Known
  pulledAt: Pulled
  labels: string[]
  isSigned: boolean
  tags: CandidateTag[]
  /** Candidates of this repository that hold this one as a part. Null: an artifact that always stays does. */
  parents: (number | null)[]
  /** What it was when it was read, as one text: a deletion checks that it is the same still. */
  state: string
}

/** The later of two times. An unknown one makes the result unknown; null is earlier than any time. */
export function later(one: Pulled, other: Pulled): Pulled {
  if (one === undefined || other === undefined) return undefined
  if (one === null || other === null) return one ?? other
  return one > other ? one : other
}
