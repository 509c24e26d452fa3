import type { AnswerOf } from '../../../../api/operation.ts'
import type { listRobots } from '../../../../api/robots.ts'
import { forget } from '../../lib/query.ts'
import type { Draft, Purpose } from '../../lib/permissions.ts'

export type Robot = AnswerOf<typeof listRobots>[number]
/** Where the robots belong: a project, or the system when there is none. */
export type Owner = { id: number; name: string } | undefined

/** A secret that the server has told, this once. `project`: where the robot may do something; `*` is every project. */
export type Secret = { title: string; name: string; secret: string; project: string | undefined }

/** What the wizard has been told so far. `days`: -1 never ends; undefined: as it is. */
export type Answers = {
  purpose: Purpose
  draft: Draft
  name: string
  everywhere: boolean
  days: number | undefined
  description: string
}

/** Asks again for what is shown of robots. */
export const forgetRobots = (): void => forget('/robots')
