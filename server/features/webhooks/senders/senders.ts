import { generic } from './generic.ts'
import { http } from './http.ts'
import { slack } from './slack.ts'
import { teams } from './teams.ts'
import type { Sender } from './sender.ts'

/** Every kind of target. */
export const senders = [http, slack, teams, generic] satisfies Sender[]

export const findSender = (type: string): Sender | undefined => senders.find((one) => one.type === type)
