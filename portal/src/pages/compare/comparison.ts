import type { compareArtifacts } from '../../../../api/compare.ts'
import type { AnswerOf } from '../../../../api/operation.ts'

export type Comparison = AnswerOf<typeof compareArtifacts>
