import type { RepositoryName } from '../../../oci/reference.ts'
import { isPgError } from '../../platform/db/db.ts'

/** 1024 TiB, Harbor's largest limit. */
const largest = 2 ** 50

/** Why a number of bytes cannot be a limit, or undefined. Harbor's rule: -1 is none. */
export function limitProblem(hard: number): string | undefined {
  if (hard === -1 || (Number.isSafeInteger(hard) && hard > 0 && hard <= largest)) return undefined
  return 'a storage limit is a number of bytes from 1 to 1024 TiB, or -1 for none'
}

/** What PostgreSQL says when a statement would take more room than there is (migrations/0016-quota-place.sql). */
type Shortage = { added: number; used: number; hard: number; projectId: number; repository: RepositoryName }

/** What an error says of it; undefined when it says something else. */
export function shortageIn(error: unknown): Shortage | undefined {
  return isPgError(error) && error.code === 'QUOTA' ? (JSON.parse(error.detail!) as Shortage) : undefined
}

/** Harbor's sentence. */
export function shortageText({ added, used, hard }: Pick<Shortage, 'added' | 'used' | 'hard'>): string {
  return `adding ${inUnits(added)} of storage resource, which when updated to current usage of ${inUnits(used)} will exceed the configured upper limit of ${inUnits(hard)}.`
}

/** `25.8 MiB`, as Harbor writes sizes. */
export function inUnits(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power]}`
}
