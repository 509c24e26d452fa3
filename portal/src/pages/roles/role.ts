import type { AnswerOf } from '../../../../api/operation.ts'
import type { listRoleBindings, listRoles } from '../../../../api/roles.ts'
import { roleOf } from '../../i18n/roles.ts'
import { forget } from '../../lib/query.ts'
import { rightsInWords } from '../../lib/right-words.ts'

export type Role = AnswerOf<typeof listRoles>[number]
export type Binding = AnswerOf<typeof listRoleBindings>[number]

/** What a role is called: Harbor's five in the reader's language, others as their makers wrote them. */
export const nameOf = ({ id, name, built_in: isHarbor }: Pick<Role, 'id' | 'name' | 'built_in'>): string =>
  isHarbor ? roleOf(id).name : name

/** What a role may do, in words. */
export const mayOf = ({ id, built_in: isHarbor, permissions }: Role): string =>
  isHarbor ? roleOf(id).may : rightsInWords(permissions.map(({ resource, action }) => `${resource}:${action}`))

/** Asks again for what is shown of roles and of who holds them: roles of the system hold in projects, too. */
export const forgetRoles = (): void => forget('/roles', '/projects/')
