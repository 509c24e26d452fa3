import type { Static } from 'typebox'
import type * as api from '../../../api/tag-protection.ts'
import type { NewRule, Protected } from './rules.ts'
import type { ListedRule } from './store.ts'

/** The fields that a body has; each action, role and robot once. */
export function parseRule(body: Static<typeof api.TagProtectionReq>): Partial<NewRule> {
  const { name, repositories, tags, actions, role_ids: roleIds, robot_ids: robotIds, disabled: isDisabled } = body
  return {
    ...(name === undefined ? {} : { name }),
    ...(repositories === undefined ? {} : { repositories }),
    ...(tags === undefined ? {} : { tags }),
    ...(actions === undefined ? {} : { actions: [...new Set(actions as Protected[])] }),
    ...(roleIds === undefined ? {} : { roleIds: [...new Set(roleIds)] }),
    ...(robotIds === undefined ? {} : { robotIds: [...new Set(robotIds)] }),
    ...(isDisabled === undefined ? {} : { isDisabled }),
  }
}

/** `prefix`: that of the robots' login names. */
export function presentRule(rule: ListedRule, prefix: string): Static<typeof api.TagProtection> {
  const { id, name, repositories, tags, actions, roles, robots, isDisabled, createdAt, updatedAt } = rule
  return {
    id,
    name,
    repositories,
    tags,
    actions,
    roles,
    robots: robots.map((one) => ({ ...one, name: `${prefix}${one.name}` })),
    disabled: isDisabled,
    creation_time: createdAt.toISOString(),
    update_time: updatedAt.toISOString(),
  }
}
