import { topic } from '../../catalog/topic.ts'

/** `projectId` null: of the whole system. */
type Rule = { ruleId: number; name: string; projectId: number | null }

export const facts = {
  ruleCreated: topic<Rule & { issuer: string; permissions: string[] }>('workload-rule.created'),
  ruleChanged: topic<Rule & { issuer: string; permissions: string[] }>('workload-rule.changed'),
  ruleDeleted: topic<Rule>('workload-rule.deleted'),
  /** A token was taken; once for each token and process. `rules`: the names of the rules that took it. */
  admitted: topic<{ name: string; issuer: string; subject: string; rules: string[]; projectId: number | null }>(
    'workload.admitted',
    { operation: 'login', description: ({ name, rules }) => `log in workload: ${name} by ${rules.join(', ')}` },
  ),
}
