import { topic } from '../../catalog/topic.ts'

export const facts = {
  /** `preset`: the name of a preset, or custom. */
  scoreRulesUpdated: topic<{ preset: string }>('score-rules.updated', {
    resource: () => 'score rules',
    description: ({ preset }) => `update score rules: ${preset}`,
  }),
}
