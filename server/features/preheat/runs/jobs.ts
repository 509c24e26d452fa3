import type { RepositoryName } from '../../../../oci/reference.ts'
import { jobType } from '../../../platform/jobs/type.ts'
import { imageName, planName } from './executions.ts'

/** What the first task of an execution does: it finds the images, and adds a task for each. */
export type PlanParams = { policyId: number; instanceId: number }

/** One image that a service is asked to fetch. */
export type ImageParams = {
  policyId: number
  instanceId: number
  projectId: number
  repository: RepositoryName
  tag: string
  digest: string
  mediaType: string
}

const hour = 3_600_000
const lane = ({ instanceId }: { instanceId: number }) => String(instanceId)

type Rules = { atOnce: number; callTimeoutMs: number; tries: number; backOffMs: number }

/** Instances share the places of a process fairly, so that a slow one holds up no other. */
export function jobTypes({ atOnce, callTimeoutMs, tries, backOffMs }: Rules) {
  const backOff = { firstMs: backOffMs, mostMs: Math.max(backOffMs, 300_000) }
  return {
    plan: jobType<PlanParams>({
      name: planName,
      concurrency: Math.max(2, atOnce >> 1),
      maxTries: tries,
      countsLosses: false,
      isAlone: true,
      timeoutMs: hour,
      backOff,
      lane,
    }),
    // A task holds no place while the service works: it is put back, and looks again later.
    image: jobType<ImageParams>({
      name: imageName,
      concurrency: atOnce,
      maxTries: tries,
      countsLosses: false,
      timeoutMs: 2 * callTimeoutMs + 60_000,
      backOff,
      lane,
    }),
  }
}

export type JobTypes = ReturnType<typeof jobTypes>
