import type { Verb } from '../../lib/verb.ts'
import { instanceVerbs } from './instances.ts'
import { policyVerbs } from './policies.ts'
import { runVerbs } from './runs.ts'

export const verbs: Verb[] = [...policyVerbs, ...runVerbs, ...instanceVerbs]
