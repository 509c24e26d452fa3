import type { AnswerOf } from '../../../../api/operation.ts'
import type { listTagProtections } from '../../../../api/tag-protection.ts'
import { language } from '../../i18n/language.ts'
import { roleIds, roleOf } from '../../i18n/roles.ts'
import { forget } from '../../lib/query.ts'
import type { Values } from '../../ui/form.tsx'
import { protectionWords as words } from './protection-words.ts'

export type Protection = AnswerOf<typeof listTagProtections>[number]

export const protectedActions = ['push', 'overwrite', 'delete'] as const

/** Asks again for the rules that protect tags of a project. */
export const forgetProtections = (project: string): void => forget(`/projects/${project}/tagprotectionrules`)

const listed = (all: string[]): string => new Intl.ListFormat(language.value, { type: 'disjunction' }).format(all)

/** What a role is called: Harbor's five in the reader's language. */
export const roleName = ({ id, name }: { id: number; name: string }): string =>
  (roleIds as readonly number[]).includes(id) ? roleOf(id).name : name

/** `Only Maintainer or robot$ci may overwrite tags v* in apps/**`. */
export function protectionSentence({ roles, robots, actions, tags, repositories }: Protection): string {
  const who = [...roles.map(roleName), ...robots.map(({ name }) => name)]
  return words().sentence(
    who.length === 0 ? words().nobody : listed(who),
    listed(actions.map((one) => words().actions[one] ?? one)),
    tags === '**' ? words().everyTag : tags,
    repositories === '**' ? words().every : repositories,
  )
}

/** What is chosen by check boxes. */
export type Chosen = { actions: readonly string[]; roles: readonly number[]; robots: readonly number[] }

/** The rule of a form, as the API takes it. */
export const bodyOf = ({ name = '', tags = '', repositories = '' }: Values, { actions, roles, robots }: Chosen) => ({
  name: name.trim(),
  tags: tags.trim(),
  repositories: repositories.trim(),
  actions: [...actions],
  role_ids: [...roles],
  robot_ids: [...robots],
})
