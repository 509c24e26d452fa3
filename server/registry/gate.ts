import type { Digest } from '../../oci/digest.ts'
import type { Manifest } from '../../oci/manifest.ts'
import { OciError } from '../../oci/errors.ts'
import { projectOf, type RepositoryName, type Tag } from '../../oci/reference.ts'
import type { Project } from '../catalog/project.ts'
import type { Actor } from '../catalog/topics.ts'
import type { Tx } from '../platform/db/db.ts'
import { andThen, type Maybe } from '../platform/maybe.ts'
import type { Caller } from './caller.ts'

/** What is about to be stored, inside its transaction. Sizes in bytes. */
type Pushed =
  | {
      kind: 'manifest'
      project: Project
      repository: RepositoryName
      digest: Digest
      manifest: Manifest
      size: number
      tags: Tag[]
      by: Actor
    }
  | { kind: 'blob'; project: Project; repository: RepositoryName; digest: Digest; size: number }

/** Tags that are about to be removed, and artifacts that are about to be deleted, inside the transaction. */
type Untagged = { projectId: number; repository: RepositoryName; tags: Tag[]; digests: Digest[]; by: Actor }

/** May refuse a push by throwing an OciError. Runs in the push's transaction: what it reads still holds at commit. */
export type PushGate = (tx: Tx, pushed: Pushed) => Promise<void>
export type UntagGate = (tx: Tx, untagged: Untagged) => Promise<void>

/** A manifest that is about to be sent to somebody who may pull from the repository. `tag`: null for a digest. */
export type Pulled = {
  project: Project
  repository: RepositoryName
  digest: Digest
  tag: Tag | null
  mediaType: string
  caller: Caller
  /** Anybody can forge it. */
  userAgent: string
  /** Whether the caller may push to the repository, whatever the token of this request is for. */
  mayPush(): Maybe<boolean>
}

/**
 * May refuse a pull by throwing an OciError, or return the text of a warning that is sent with it. Runs on every GET
 * and HEAD of a manifest: best without a promise.
 */
export type PullGate = (pulled: Pulled) => Maybe<string | void>

/** The gates of pushes, of removed tags and of pulls, in the order in which they run; app/registry.ts lists them. */
export type Gates = { push: PushGate[]; untag: UntagGate[]; pull: PullGate[] }
export type PushGates = Pick<Gates, 'push'>
export type UntagGates = Pick<Gates, 'untag'>

/** The project is looked up for the gates; without a gate `findProject` is not called. */
export type PullGates = { gates: Pick<Gates, 'pull'>; findProject(name: string): Maybe<Project | undefined> }

/**
 * Runs the pull gates in order, and returns their warnings, if any. As in Harbor, GET and HEAD of a manifest pass them,
 * by tag or digest; blobs do not.
 */
export function passPullGates(
  { gates, findProject }: PullGates,
  pulled: Omit<Pulled, 'project'>,
): Maybe<string[] | undefined> {
  if (gates.pull.length === 0) return undefined
  const name = projectOf(pulled.repository)
  return andThen(findProject(name), (project) => {
    if (!project) throw new OciError('NAME_UNKNOWN', `the project ${name} does not exist`)
    return passInTurn(gates.pull, 0, { ...pulled, project }, undefined)
  })
}

function passInTurn(
  gates: PullGate[],
  at: number,
  pulled: Pulled,
  warnings: string[] | undefined,
): Maybe<string[] | undefined> {
  if (at === gates.length) return warnings
  return andThen(gates[at]!(pulled), (warning) =>
    passInTurn(gates, at + 1, pulled, typeof warning === 'string' ? [...(warnings ?? []), warning] : warnings),
  )
}

/** Runs the push gates in order. */
export async function passGates(gates: PushGates, tx: Tx, pushed: Pushed): Promise<void> {
  for (const gate of gates.push) await gate(tx, pushed)
}

/** Harbor's words for every change that is refused in read-only mode. */
export const readOnlyText = 'The system is in read only mode. Any modification is prohibited.'

export async function passUntagGates(gates: UntagGates, tx: Tx, untagged: Untagged): Promise<void> {
  if (untagged.tags.length + untagged.digests.length > 0) for (const gate of gates.untag) await gate(tx, untagged)
}
