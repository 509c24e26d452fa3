import type { AnswerOf } from '../../../../api/operation.ts'
import type { getProjectAccess } from '../../../../api/roles.ts'
import { wordsOf } from '../../i18n/language.ts'
import { projectWords } from '../../i18n/project.ts'
import { actionName, resourceName } from '../../lib/right-words.ts'

type Entry = AnswerOf<typeof getProjectAccess>[number]
type Reason = Entry['because'][number] | Entry['protected_by'][number]
type Told = Record<string, string>

/** A sentence for each code that the server knows; `right` is in words already. */
const en: Record<string, (told: Told) => string> = {
  disabled: ({ name }) => `${name} is disabled or has expired, and may do nothing`,
  public_project: ({ right }) => `The project is public, which gives everybody “${right}”`,
  robot_permission: ({ right }) => `The robot has the right “${right}” here`,
  token_scope: ({ right }) => `The token is not for “${right}”, whatever its account may do`,
  administrator: () => 'An administrator of the system may do everything',
  auditor_reads: () => 'An auditor of the system reads everything',
  auditor_pulls: () => 'An auditor of the system who may pull',
  role: ({ role, right, group, repositories }) =>
    `The role ${role}${group ? ` through the group ${group}` : ''} gives “${right}”` +
    (repositories ? ` in repositories ${repositories}` : ''),
  tag_rule: ({ tags, repositories, only, actions }) =>
    `Tags ${tags} of repositories ${repositories}: ${only ? `only ${only}` : 'nobody'} may ${actions} them`,
}

const de: typeof en = {
  disabled: ({ name }) => `${name} ist gesperrt oder abgelaufen und darf nichts`,
  public_project: ({ right }) => `Das Projekt ist öffentlich: „${right}“ dürfen alle`,
  robot_permission: ({ right }) => `Der Robot hat hier das Recht „${right}“`,
  token_scope: ({ right }) => `Das Token gilt nicht für „${right}“, was auch immer sein Konto darf`,
  administrator: () => 'Systemadministratoren dürfen alles',
  auditor_reads: () => 'Prüfer lesen alles',
  auditor_pulls: () => 'Prüfer mit dem Recht zu pullen',
  role: ({ role, right, group, repositories }) =>
    `Die Rolle ${role}${group ? ` über die Gruppe ${group}` : ''} erlaubt „${right}“` +
    (repositories ? ` in den Repositorys ${repositories}` : ''),
  tag_rule: ({ tags, repositories, only, actions }) =>
    `Tags ${tags} der Repositorys ${repositories}: ${actions} darf ${only ? `nur ${only}` : 'niemand'}`,
}

const enActions: Told = { push: 'push', overwrite: 'overwrite', delete: 'delete' }
const deActions: typeof enActions = { push: 'pushen', overwrite: 'überschreiben', delete: 'löschen' }

const words = wordsOf({ en: { sentences: en, actions: enActions }, de: { sentences: de, actions: deActions } })

/** Harbor's names of its roles, as the API writes them. */
const harborRoles: Record<string, number> = { projectAdmin: 1, developer: 2, guest: 3, maintainer: 4, limitedGuest: 5 }

const roleName = (name: string) => projectWords().roles[harborRoles[name] ?? 0] ?? name

/** `Repositories: push`. */
export function rightName(right: string): string {
  const at = right.indexOf(':')
  return `${resourceName(right.slice(0, at))}: ${actionName(right.slice(at + 1))}`
}

/** A reason in the reader's language; in the server's English where the portal does not know its code. */
export function reasonText({ code, parameters, text }: Reason): string {
  const say = words().sentences[code]
  const { right, role, only, actions, ...rest } = parameters as Told
  return (
    say?.({
      ...rest,
      ...(right === undefined ? {} : { right: rightName(right) }),
      ...(role === undefined ? {} : { role: roleName(role) }),
      ...(only === undefined ? {} : { only: listed(only, roleName) }),
      ...(actions === undefined ? {} : { actions: listed(actions, (one) => words().actions[one] ?? one) }),
    }) ?? text
  )
}

const listed = (names: string, show: (one: string) => string) =>
  names
    .split(', ')
    .map((one) => show(one))
    .join(', ')
