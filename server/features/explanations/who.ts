import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import { findRights, ownRightsOf, roleNames, type AccountRights, type Rights, type Role } from '../access/index.ts'
import { listHolders, sourcesOfAccount, type Holder, type Source } from '../roles/index.ts'
import type { Doer } from '../tag-protection/index.ts'

/** Somebody who is asked about, with the rights that they have now and where those come from. */
export type Subject = {
  kind: 'account' | 'group' | 'robot' | 'token' | 'anonymous'
  id: number | undefined
  name: string
  rights: Rights
  sources: readonly Source[]
}

type Ground = { reader: Reader; robotPrefix: string }

/**
 * `user:NAME`, `group:NAME`, `robot:NAME`, `token:ID` or `anonymous`. A bare name is that of a robot where it begins
 * with the prefix of robots, and otherwise that of an account: names of accounts neither begin so nor hold a colon.
 * Throws BAD_REQUEST, and NOT_FOUND.
 */
export async function findSubject(ground: Ground, project: Project, who: string): Promise<Subject> {
  if (who === 'anonymous')
    return { kind: 'anonymous', id: undefined, name: who, rights: { kind: 'anonymous' }, sources: [] }
  const bare = who.startsWith(ground.robotPrefix) ? 'robot' : 'user'
  const [, kind, name = ''] = /^(user|group|robot|token):(.+)$/su.exec(who.includes(':') ? who : `${bare}:${who}`) ?? []
  if (kind === undefined || name.includes('\0'))
    throw new Failure('BAD_REQUEST', 'who must be a name, user:NAME, group:NAME, robot:NAME, token:ID or anonymous')
  const found = await find[kind as keyof typeof find](ground, project, name)
  if (!found) throw new Failure('NOT_FOUND', `there is no ${kind} ${name.slice(0, 255)}`)
  return found
}

const find = { user: findAccount, group: findGroup, robot: findRobot, token: findToken }

async function findAccount({ reader }: Ground, project: Project, name: string): Promise<Subject | undefined> {
  const row = await reader.db.row<{ id: number; name: string }>(
    sql`select id, name from account where lower(name) = lower(${name}) order by name = ${name} desc limit 1`,
  )
  return row && ofAccount(reader, project, row)
}

async function ofAccount(
  reader: Reader,
  project: Project,
  { id, name }: { id: number; name: string },
  token?: number,
): Promise<Subject | undefined> {
  const rights = await findRights(reader, { kind: 'user', id, name, ...(token === undefined ? {} : { token }) })
  const sources = await sourcesOfAccount(reader.db, project.id, id)
  if (!rights) return undefined
  if (token === undefined) return { kind: 'account', id, name, rights, sources }
  return { kind: 'token', id: token, name: `token ${token} of ${name}`, rights, sources }
}

async function findGroup({ reader }: Ground, project: Project, name: string): Promise<Subject | undefined> {
  const row = await reader.db.row<{ id: number; name: string; mayPull: boolean | null }>(sql`
    select user_group.id, name, may_pull as "mayPull"
    from user_group left join auditor on auditor.group_id = user_group.id
    where name = ${name} order by user_group.id limit 1`)
  if (!row) return undefined
  const holders = await listHolders(reader.db, project)
  const sources = holders.find((one) => one.kind === 'group' && one.id === row.id)?.sources ?? []
  const group = { kind: 'group', id: row.id, name: row.name, sources } as const
  return { ...group, rights: { ...rightsOf(group, project.id), ...auditsOf(row.mayPull) } }
}

async function findRobot(
  { reader, robotPrefix }: Ground,
  _project: Project,
  given: string,
): Promise<Subject | undefined> {
  const name = given.startsWith(robotPrefix) ? given.slice(robotPrefix.length) : given
  const row = await reader.db.row<{ id: number; name: string }>(sql`
    select robot.id, coalesce(project.name || '+', '') || robot.name as name
    from robot left join project on project.id = robot.project_id
    where coalesce(project.name || '+', '') || robot.name = ${name}`)
  const rights = row && (await findRights(reader, { kind: 'robot', ...row }))
  return row && rights && { kind: 'robot', id: row.id, name: `${robotPrefix}${row.name}`, rights, sources: [] }
}

/** A token of an account that has something to do with the project; others are as absent. */
async function findToken({ reader }: Ground, project: Project, text: string): Promise<Subject | undefined> {
  const id = /^\d{1,15}$/.test(text) ? Number(text) : 0
  const row = await reader.db.row<{ id: number; name: string }>(sql`
    select account.id, account.name from personal_token token join account on account.id = token.account_id
    where token.id = ${id}`)
  const found = row && (await ofAccount(reader, project, row, id))
  return found && found.sources.length > 0 ? found : undefined
}

/** Everybody who could have a right in the project: who holds something there, administrators, auditors, and anyone. */
export async function listSubjects({ reader, robotPrefix }: Ground, project: Project): Promise<Subject[]> {
  const { db } = reader
  const holders = await listHolders(db, project)
  const above = new Map((await listAbove(reader)).map((one) => [`${one.kind} ${one.id}`, one]))
  const held = holders.flatMap((one): Subject[] => {
    if (one.kind === 'robot') return []
    const key = `${one.kind} ${one.id}`
    const { isAdmin = false, audits } = above.get(key)?.rights ?? {}
    above.delete(key)
    return [{ ...one, rights: { ...rightsOf(one, project.id), isAdmin, ...(audits ? { audits } : {}) } }]
  })
  const subjects: Subject[] = [...above.values(), ...held]
  for (const { id, name } of holders.filter(({ kind }) => kind === 'robot')) {
    const rights = await findRights(reader, { kind: 'robot', id, name })
    if (rights) subjects.push({ kind: 'robot', id, name: `${robotPrefix}${name}`, rights, sources: [] })
  }
  if (project.isPublic)
    subjects.push({ kind: 'anonymous', id: undefined, name: 'anonymous', rights: { kind: 'anonymous' }, sources: [] })
  return subjects
}

/** Administrators and auditors of the system, who have rights in every project. */
async function listAbove({ db }: Reader): Promise<(Subject & { rights: AccountRights })[]> {
  type Row = { kind: 'account' | 'group'; id: number; name: string; isAdmin: boolean; mayPull: boolean }
  const rows = await db.rows<Row>(sql`
    select 'account' as kind, account.id, name, true as "isAdmin", false as "mayPull"
    from account left join account_origin on account_origin.account_id = account.id
    where (account.is_admin or account_origin.is_admin) and not is_disabled and gone_at is null
    union all
    select case when account.id is null then 'group' else 'account' end, coalesce(account.id, user_group.id),
      coalesce(account.name, user_group.name), false, auditor.may_pull
    from auditor left join account on account.id = auditor.account_id
    left join user_group on user_group.id = auditor.group_id
    order by kind, name`)
  return rows.map(({ kind, id, name, isAdmin, mayPull }) => {
    const audits = auditsOf(isAdmin ? null : mayPull)
    return { kind, id, name, rights: { ...nobody, id, name, isAdmin, ...audits }, sources: [] }
  })
}

/** `mayPull`: null for somebody who is no auditor. */
const auditsOf = (mayPull: boolean | null): Pick<AccountRights, 'audits'> =>
  mayPull === null ? {} : { audits: mayPull ? 'pulling' : 'reading' }

const nobody = { kind: 'user', isAdmin: false, isDisabled: false, roles: new Map() } as const

/** The rights that a holder has by what it holds itself in one project. */
function rightsOf({ id, name, sources }: Holder, projectId: number): AccountRights {
  const memberships = sources.filter((one) => one.repositories === '' && isHarbors(one))
  const bound = sources
    .filter((one) => !memberships.includes(one))
    .map(({ roleId = 0, repositories, permissions }) => ({
      projectId,
      roleId,
      repositories,
      permissions: [...permissions],
    }))
  const roles = new Map([[projectId, memberships.map(({ roleId }) => roleId as Role)]])
  return { ...nobody, id, name, roles, ...(bound.length === 0 ? {} : { own: ownRightsOf(bound) }) }
}

const isHarbors = ({ roleId }: Source) => roleId !== undefined && Object.hasOwn(roleNames, roleId)

/** As the rules for tags see them: by the roles that they have for the repository, or for any where none is named. */
export function doerOf({ kind, id, sources }: Subject, takes: (pattern: string) => boolean): Doer {
  if (kind === 'robot' && id !== undefined) return { roleIds: [], robotId: id }
  return { roleIds: sources.filter((one) => takes(one.repositories)).flatMap(({ roleId }) => roleId ?? []) }
}
