import type { Verb } from '../../lib/verb.ts'
import { policyVerbs } from './policies.ts'
import { runVerbs } from './runs.ts'

export const verbs: Verb[] = [...policyVerbs, ...runVerbs]
