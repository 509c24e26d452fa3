import { matcherOf } from '../access/index.ts'
import { isAbout, isAllowed, type Protected, type Protection } from '../tag-protection/index.ts'
import type { Right } from './reasons.ts'
import type { Because } from './sentences.ts'
import { doerOf, type Subject } from './who.ts'

/** Where something is to be done. `repository`: without the project. */
export type Place = { repository: string | undefined; tag?: { name: string; isThere: boolean } }

/** What the rules for tags keep from somebody who has the right to do this. */
const protects: Readonly<Record<string, readonly Protected[]>> = {
  'repository:push': ['push', 'overwrite'],
  'artifact:create': ['push', 'overwrite'],
  'tag:create': ['push'],
  'tag:delete': ['delete'],
  'artifact:delete': ['delete'],
  'repository:delete': ['delete'],
}

/** The rules that refuse it: for the tag that is asked about, or for the tags that they match. */
export function protectionsOf(
  { repository, tag }: Place,
  rules: readonly Protection[],
  subject: Subject,
  { resource, action }: Right,
): { id: number; name: string; because: Because }[] {
  const asked = protects[`${resource}:${action}`] ?? []
  const meant = asked.filter((one) => !tag || one === 'delete' || one === (tag.isThere ? 'overwrite' : 'push'))
  if (meant.length === 0) return []
  const doer = doerOf(subject, (pattern) => pattern === '' || !repository || matcherOf(pattern)(repository))
  const isMeant = (rule: Protection) =>
    tag && repository !== undefined
      ? isAbout(rule, repository, tag.name)
      : repository === undefined || matcherOf(rule.repositories)(repository)
  return rules
    .map((rule) => ({ rule, what: rule.actions.filter((one) => meant.includes(one)) }))
    .filter(({ rule, what }) => what.length > 0 && isMeant(rule) && !isAllowed(rule, doer))
    .map(({ rule, what }) => ({ id: rule.id, name: rule.name, because: becauseOf(rule, what) }))
}

function becauseOf({ tags, repositories, roles, robots }: Protection, what: Protected[]): Because {
  const names = [...roles.map(({ name }) => name), ...robots.map(({ name }) => `robot ${name}`)]
  return { code: 'tag_rule', parameters: { tags, repositories, only: names.join(', '), actions: what.join(', ') } }
}
