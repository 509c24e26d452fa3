import { jobType } from '../../platform/jobs/type.ts'
import { copyName, planName } from './executions.ts'

export type Operation = 'copy' | 'deletion' | 'tag deletion'

/** An artifact that a task is about. `digest` undefined: the list of its source does not say. */
export type Item = { tags: string[]; digest?: string; accessories?: string[] }

/** What the first task of an execution does: it finds what is to be done, and adds the other tasks. */
export type PlanParams = {
  policyId: number
  endpointId: number
  /** A client has allowed to delete more than the usual share. */
  allowsDeletion: boolean
}

/** One repository, or a part of one that has many artifacts. */
export type CopyParams = {
  policyId: number
  endpointId: number
  operation: Operation
  resourceType: 'image' | 'artifact'
  source: string
  target: string
  items: Item[]
  /** The source's tags that name what belongs to another artifact; null where they are not known. */
  linkTags: string[] | null
  /** When the first of the events that led here happened, ISO 8601; for metrics. */
  since?: string
}

/** The most items of one task: its parameters are one row of the database. */
export const itemsOfTask = 1000

const week = 7 * 24 * 3_600_000
const lane = ({ endpointId }: { endpointId: number }) => String(endpointId)

/** `atOnce`: how many tasks one process runs at once (MARINA_REPLICATION_AT_ONCE). */
export function jobTypes({ atOnce }: { atOnce: number }) {
  return {
    plan: jobType<PlanParams>({
      name: planName,
      concurrency: Math.max(2, atOnce >> 1),
      maxTries: 3,
      countsLosses: false,
      isAlone: true,
      timeoutMs: week,
      lane,
    }),
    copy: jobType<CopyParams>({
      name: copyName,
      concurrency: atOnce,
      maxTries: 3,
      countsLosses: false,
      timeoutMs: week,
      lane,
    }),
  }
}

export type JobTypes = ReturnType<typeof jobTypes>
