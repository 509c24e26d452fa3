import type { Static } from 'typebox'
import * as api from '../../api/ldap.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes, Problem } from '../lib/problem.ts'
import type { Verb } from '../lib/verb.ts'

type Person = Static<typeof api.LdapUser>
type Group = Static<typeof api.LdapGroup>

const people: Shape<Person> = {
  kind: 'person',
  name: ({ username }) => username,
  columns: [
    { name: 'username', of: ({ username }) => username, shrinks: true },
    { name: 'real name', of: ({ realname }) => realname, shrinks: true },
    { name: 'e-mail', of: ({ email }) => email ?? '', shrinks: true },
  ],
}

const groups: Shape<Group> = {
  kind: 'group',
  name: (row) => row.group_name,
  columns: [
    { name: 'group', of: (row) => row.group_name, shrinks: true },
    { name: 'dn', of: (row) => row.ldap_group_dn, shrinks: true },
  ],
}

type PingGiven = { directory?: string; searchDn?: string; base?: string; verify?: boolean }

const ping: Verb<PingGiven> = {
  name: 'ping',
  about: 'try to connect to the directory and to log in to it, as the settings say',
  options: [
    { flags: '--directory <url>', about: 'another address than the one that is set: ldaps://directory.example.com' },
    { flags: '--search-dn <dn>', about: 'another account that searches, with the password that is set' },
    { flags: '--base <dn>', about: 'another base DN' },
    { flags: '--no-verify', about: 'take any certificate' },
  ],
  examples: [['marina ldap ping --directory ldaps://new.example.com', 'before the address is changed']],
  async run({ directory, searchDn, base, verify }, { client, out }) {
    const body = {
      ...(directory === undefined ? {} : { ldap_url: directory }),
      ...(searchDn === undefined ? {} : { ldap_search_dn: searchDn }),
      ...(base === undefined ? {} : { ldap_base_dn: base }),
      ...(verify === false ? { ldap_verify_cert: false } : {}),
    }
    const answer = (await client(api.pingLdap, { body })).body
    if (answer.success !== true) throw new Problem(answer.message ?? 'the directory cannot be used')
    await out.done('the directory answers, and takes the account that searches', 'ok', answer)
  },
}

const search: Verb<{ name?: string; group?: boolean }> = {
  name: 'search',
  about: 'find people of exactly this name in the directory, or all of them; or groups',
  arguments: [{ name: 'name', about: 'the name of a person, or of a group', isOptional: true }],
  options: [{ flags: '--group', about: 'look for a group' }],
  examples: [['marina ldap search --group builders', 'shows the DN, by which a group becomes a member of a project']],
  async run({ name = '', group }, { client, out }) {
    if (group) {
      const rows = (await client(api.searchLdapGroup, { query: { groupname: name } })).body
      return out.rows(groups, rows, rows.length)
    }
    const rows = (await client(api.searchLdapUser, { query: { username: name } })).body
    return out.rows(people, rows, rows.length)
  },
}

const importPeople: Verb<{ names: string[] }> = {
  name: 'import',
  about: 'make accounts for people of the directory, before they first log in; all of them or none',
  arguments: [{ name: 'names', about: 'names as in the directory', isMany: true }],
  async run({ names }, { client, out }) {
    const { status, body } = await client(api.importLdapUser, { body: { ldap_uid_list: names } })
    if (status === api.importLdapUser.otherStatus) {
      const failed = Array.isArray(body) ? body.map(({ uid = '(empty)', error }) => `${uid}: ${error}`) : []
      throw new Problem(`nobody was imported: ${failed.join(', ')}`, { exitCode: exitCodes.absent })
    }
    await out.done(`imported ${names.join(', ')}`, names.join('\n'))
  },
}

export const verbs = [ping, search, importPeople]
