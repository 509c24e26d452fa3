import { OciError } from '../../oci/errors.ts'
import { shortageOf } from '../features/quotas/index.ts'
import type { SettingsReader } from '../features/settings/index.ts'
import { StorageFull, StorageUnavailable } from '../platform/blobs/blobs.ts'
import { DatabaseUnavailable, isPgError } from '../platform/db/db.ts'
import { BodyCut, BodyTooLarge } from '../platform/http/body.ts'
import { Failure, type FailureCode } from '../platform/http/failure.ts'
import { TurnsFull } from '../platform/turns.ts'
import { readOnlyText } from '../registry/gate.ts'

/**
 * C-46: in read-only mode only the configuration can be changed, so that an administrator can end that mode. Pipelines
 * still get their rights, as accounts still log in.
 */
export async function refuseChanges(
  settings: SettingsReader,
  { method, path }: { method: string; path: string },
): Promise<void> {
  if (method === 'GET' || method === 'HEAD' || isQuestion(path)) return
  if (await settings.get('read_only')) throw new Failure('DENIED', readOnlyText)
}

const isQuestion = (path: string) =>
  path === '/configurations' || path === '/workloads/token' || path.endsWith('/workloads/test')

const failureOfStatus: Record<number, FailureCode> = {
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  412: 'PRECONDITION',
  500: 'UNKNOWN',
  503: 'UNAVAILABLE',
}

/** The REST API's answer to an error of the layers below it; undefined for an unexpected error. */
export function toFailure(error: unknown): Failure | undefined {
  if (error instanceof StorageFull) return new Failure('UNAVAILABLE', 'the storage is full')
  if (error instanceof DatabaseUnavailable || error instanceof StorageUnavailable || error instanceof TurnsFull)
    return new Failure('UNAVAILABLE', undefined, { headers: { 'retry-after': '2' } })
  if (error instanceof OciError && error.code === 'TOOMANYREQUESTS')
    return new Failure('TOO_MANY_REQUESTS', error.message, { headers: error.headers })
  const shortage = shortageOf(error)
  if (shortage) return new Failure('DENIED', shortage.message)
  if (error instanceof OciError)
    return new Failure(failureOfStatus[error.status] ?? 'BAD_REQUEST', error.message, { cause: error })
  if (error instanceof BodyTooLarge) return new Failure('PAYLOAD_TOO_LARGE', error.message)
  if (error instanceof BodyCut) return new Failure('BAD_REQUEST', error.message)
  // 22021, 22P05: PostgreSQL stores no NUL in text.
  if (isPgError(error) && (error.code === '22021' || error.code === '22P05'))
    return new Failure('BAD_REQUEST', 'a text holds a character that cannot be stored, such as NUL')
  return undefined
}
