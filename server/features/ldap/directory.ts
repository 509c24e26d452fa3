import { randomBytes } from 'node:crypto'
import { openPlaces } from '../../platform/places.ts'
import { inTime, type Origin, type Vouched, type VouchedGroup } from '../accounts/index.ts'
import type { LdapConfig } from './config.ts'
import { withDirectory, type Bound, type Found, type Reaching } from './connection.ts'
import { all, equals, isPresent } from './filters.ts'
import { findGroupAt, findGroupsNamed, groupsOf, type GroupLimits, type Person } from './groups.ts'
import { isBelow, normalDn } from './names.ts'
import { LdapTrouble } from './trouble.ts'

type DirectoryOptions = Reaching &
  GroupLimits & {
    /** The longest time for all that one call asks; a shorter `ldap_timeout` counts instead. */
    answerMs: number
    /** Calls at once; further ones wait, within their own time. */
    callsAtOnce: number
  }

/** What is asked of a directory. All of it throws LdapTrouble. */
export type Directory = {
  /** Connects and binds. */
  ping(config: LdapConfig): Promise<void>
  /** The people of exactly this name, in whatever case; all people for an empty name. */
  findPeople(config: LdapConfig, name: string): Promise<Person[]>
  /** The person of this name with groups, when the password is right. */
  logIn(config: LdapConfig, name: string, password: string, signal?: AbortSignal): Promise<Vouched | undefined>
  /** The people of these names, with groups; undefined for a name that nobody has, or several. */
  vouchFor(config: LdapConfig, names: string[]): Promise<(Vouched | undefined)[]>
  /** The person whom an account was made for: by the name, or at the place where the directory had them. */
  findAgain(config: LdapConfig, origin: Origin, signal?: AbortSignal): Promise<Vouched | 'gone'>
  findGroups(config: LdapConfig, by: { name: string } | { dn: string }): Promise<VouchedGroup[]>
}

export function openDirectory(options: DirectoryOptions): Directory {
  const ask = openAsk(options)
  const vouch = async (bound: Bound, config: LdapConfig, person: Person) =>
    vouchedOf(config, person, await groupsOf(bound, config, person, options))

  return {
    ping: (config) => ask(config, async () => {}),
    findPeople: (config, name) => ask(config, (bound) => searchPeople(bound, config, name, options.entries)),
    async logIn(config, name, password, signal) {
      const check = async (bound: Bound) => {
        const person = await findPerson(bound, config, name)
        // A name that nobody has takes as long as a wrong password.
        const dn = person?.dn ?? `cn=${randomBytes(8).toString('hex')},${config.baseDn}`
        const isRight = await bound.isPasswordOf(dn, password)
        return person && isRight ? vouch(bound, config, person) : undefined
      }
      return ask(config, check, signal)
    },
    async vouchFor(config, names) {
      return ask(config, async (bound) => {
        const vouched = []
        for (const name of names) {
          const person = await findPerson(bound, config, name)
          vouched.push(person && (await vouch(bound, config, person)))
        }
        return vouched
      })
    },
    async findAgain(config, { name, subject }, signal) {
      const find = async (bound: Bound) => {
        const person = (await findPerson(bound, config, name)) ?? (await findAt(bound, config, subject))
        return person ? vouch(bound, config, person) : 'gone'
      }
      return ask(config, find, signal)
    },
    async findGroups(config, by) {
      return ask(config, async (bound) => {
        if ('name' in by) return findGroupsNamed(bound, config, by.name, options.entries)
        const group = await findGroupAt(bound, config, by.dn)
        return group ? [group] : []
      })
    },
  }
}

/** Runs `work` on a connection of its own, within the time that is set. */
function openAsk(options: DirectoryOptions) {
  const places = openPlaces({ places: options.callsAtOnce })
  return async <Result>(
    config: LdapConfig,
    work: (bound: Bound) => Promise<Result>,
    outer?: AbortSignal,
  ): Promise<Result> => {
    const inner = async (signal: AbortSignal) => {
      using place = await places.enter('', signal)
      if (!place) throw new LdapTrouble('network', 'too many calls to the directory are under way')
      return withDirectory(config, options, signal, work)
    }
    return inTime(Math.min(config.timeoutMs, options.answerMs), inner, outer)
  }
}

/** The one person of this name; undefined when there is none, or several. */
async function findPerson(bound: Bound, config: LdapConfig, name: string): Promise<Person | undefined> {
  if (name.trim() === '') return undefined
  const found = await searchPeople(bound, config, name, 2)
  return found.length === 1 ? found[0] : undefined
}

async function searchPeople(bound: Bound, config: LdapConfig, name: string, most: number): Promise<Person[]> {
  const which = name === '' ? isPresent(config.uid) : equals(config.uid, name)
  const rows = await bound.search(config.baseDn, {
    scope: config.scope,
    filter: all(config.filter, which),
    attributes: attributesOf(config),
    most,
  })
  return rows.map((row) => personOf(row, config))
}

async function findAt(bound: Bound, config: LdapConfig, dn: string): Promise<Person | undefined> {
  if (!isBelow(dn, config.baseDn)) return undefined
  const [row] = await bound.search(dn, {
    scope: 'base',
    filter: all(config.filter, isPresent(config.uid)),
    attributes: attributesOf(config),
    most: 1,
    isAbsentEmpty: true,
  })
  return row && personOf(row, config)
}

const attributesOf = ({ uid, group }: LdapConfig): string[] => [
  ...new Set([uid.toLowerCase(), 'cn', 'mail', 'email', group.membership.toLowerCase()]),
]

function personOf({ dn, values }: Found, { uid, group }: LdapConfig): Person {
  const first = (name: string) => values[name.toLowerCase()]?.[0]
  const username = first(uid) ?? ''
  return {
    dn,
    username,
    email: first('mail') ?? first('email') ?? null,
    realName: first('cn') ?? username,
    memberOf: values[group.membership.toLowerCase()] ?? [],
  }
}

function vouchedOf(
  config: LdapConfig,
  { dn, username, email, realName }: Person,
  { groups, dns }: { groups: VouchedGroup[]; dns: Set<string> },
): Vouched {
  const adminDn = normalDn(config.group.adminDn)
  const isAdmin = config.group.adminDn !== '' && adminDn !== undefined && dns.has(adminDn)
  return { issuer: config.url, subject: dn, username, email, realName, groups, isAdmin }
}
