import type { RepositoryName } from '../../../oci/reference.ts'
import { isPgError } from '../../platform/db/db.ts'

/** 1024 TiB, Harbor's largest limit. */
const largest = 2 ** 50

/** Why a number of bytes cannot be a limit, or undefined. Harbor's rule; -1 means no limit. */
export function limitProblem(hard: number): string | undefined {
  if (hard === -1 || (Number.isSafeInteger(hard) && hard > 0 && hard <= largest)) return undefined
  return 'a storage limit is a number of bytes from 1 to 1024 TiB, or -1 for none'
}

/** PostgreSQL's error when a statement would exceed a project's limit (migrations/0016-quota-place.sql). In bytes. */
type Shortage = { added: number; used: number; hard: number; projectId: number; repository: RepositoryName }

/** The shortage that an error reports; undefined for any other error. */
export function shortageIn(error: unknown): Shortage | undefined {
  return isPgError(error) && error.code === 'QUOTA' ? (JSON.parse(error.detail!) as Shortage) : undefined
}

/** Harbor's sentence about a push over the limit. */
export function shortageText({ added, used, hard }: Pick<Shortage, 'added' | 'used' | 'hard'>): string {
  return (
    `adding ${inUnits(added)} of storage resource, which when updated to current usage of ${inUnits(used)} ` +
    `will exceed the configured upper limit of ${inUnits(hard)}.`
  )
}

/** A number of bytes as Harbor writes it: `25.8 MiB`. */
export function inUnits(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power]}`
}
