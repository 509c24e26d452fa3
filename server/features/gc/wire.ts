import type { Static } from 'typebox'
import type { Schedule } from '../../../api/jobs.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { CollectParams } from './jobs.ts'

/** The most workers, as in Harbor. */
const mostWorkers = 10

/**
 * Parses the parameters of a run. Throws BAD_REQUEST. `redis_url_reg_cache` and `delete_tag`, which Harbor's portal
 * sends, are ignored: they are about Harbor's second store of tags and blobs, which Marina does not have.
 */
export function parseParameters({ parameters = {} }: Static<typeof Schedule>): CollectParams {
  return {
    delete_untagged: flag(parameters, 'delete_untagged'),
    dry_run: flag(parameters, 'dry_run'),
    workers: workersOf(parameters['workers']),
  }
}

function flag(parameters: Record<string, unknown>, name: string): boolean {
  const value = parameters[name] ?? false
  if (typeof value !== 'boolean') throw new Failure('BAD_REQUEST', `parameters.${name} must be true or false`)
  return value
}

function workersOf(value: unknown = 1): number {
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > mostWorkers)
    throw new Failure('BAD_REQUEST', `parameters.workers must be a number from 1 to ${mostWorkers}`)
  return value as number
}
