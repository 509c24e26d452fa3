import type { listRegistries } from '../../../../api/endpoints.ts'
import type { AnswerOf } from '../../../../api/operation.ts'

/** Another registry that Marina knows. */
export type Endpoint = AnswerOf<typeof listRegistries>[number]
