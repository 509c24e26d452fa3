import type { Verb } from '../../lib/verb.ts'
import { explain, preview } from './explain.ts'
import { policyVerbs } from './policies.ts'
import { runVerbs } from './runs.ts'

export const verbs: Verb[] = [...policyVerbs, preview, explain, ...runVerbs]
