import type { Digest } from '../../oci/digest.ts'
import type { Manifest } from '../../oci/manifest.ts'
import type { RepositoryName, Tag } from '../../oci/reference.ts'
import type { Project } from '../catalog/project.ts'
import type { Tx } from '../platform/db/db.ts'

/** What is about to be stored, inside its transaction. Sizes in bytes. */
export type Pushed =
  | { kind: 'manifest'; project: Project; repository: RepositoryName; digest: Digest; manifest: Manifest; size: number; tags: Tag[] }
  | { kind: 'blob'; project: Project; repository: RepositoryName; digest: Digest; size: number }

/** Tags that are about to be removed, inside the transaction. */
export type Untagged = { projectId: number; repository: RepositoryName; tags: Tag[] }

/** May refuse a push by throwing an OciError. Runs inside the transaction of the push, so what it saw still holds at commit. */
export type PushGate = (tx: Tx, pushed: Pushed) => Promise<void>
export type UntagGate = (tx: Tx, untagged: Untagged) => Promise<void>

/** Every policy on what comes in and on what loses its name, in order; app.ts shows the lists. */
export type Gates = { push: PushGate[]; untag: UntagGate[] }

export async function passGates(gates: Gates, tx: Tx, pushed: Pushed): Promise<void> {
  for (const gate of gates.push) await gate(tx, pushed)
}

/** Harbor's words for every change that is refused in read-only mode. */
export const readOnlyText = 'The system is in read only mode. Any modification is prohibited.'

export async function passUntagGates(gates: Pick<Gates, 'untag'>, tx: Tx, untagged: Untagged): Promise<void> {
  if (untagged.tags.length > 0) for (const gate of gates.untag) await gate(tx, untagged)
}
