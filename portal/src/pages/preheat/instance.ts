import type { AnswerOf } from '../../../../api/operation.ts'
import type { listPreheatInstances } from '../../../../api/preheat.ts'

/** A service that preheats images. */
export type Instance = AnswerOf<typeof listPreheatInstances>[number]
