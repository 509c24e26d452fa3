import type { listLabels } from '../../../../api/labels.ts'
import type { AnswerOf } from '../../../../api/operation.ts'

export type Label = AnswerOf<typeof listLabels>[number]
