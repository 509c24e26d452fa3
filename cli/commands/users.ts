import type { Static } from 'typebox'
import * as api from '../../api/users.ts'
import { eachOf } from '../lib/each.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes, Problem } from '../lib/problem.ts'
import { askSecret, readSecret } from '../lib/prompt.ts'
import { time, yesNo } from '../lib/text.ts'
import type { Argument, Call, Option, Verb } from '../lib/verb.ts'
import { deleting, listing } from '../lib/words.ts'

type User = Static<typeof api.UserResp>

const user: Argument = { name: 'user', about: 'the name of an account', complete: 'user' }

const shape: Shape<User> = {
  kind: 'user',
  name: ({ username }) => username,
  columns: [
    { name: 'name', of: ({ username }) => username, shrinks: true },
    { name: 'administrator', of: (row) => yesNo(row.sysadmin_flag) },
    { name: 'e-mail', of: ({ email }) => email, shrinks: true },
    { name: 'real name', of: ({ realname }) => realname, shrinks: true },
    { name: 'created', of: (row) => time(row.creation_time), style: () => 'dim' },
  ],
}

const list = listing({
  operation: api.listUsers,
  shape,
  about: 'list the accounts',
  examples: [["marina users list -q 'username=~ann'", 'those with ann in their names']],
})

async function getUser({ pages }: Call, name: string): Promise<User> {
  const { rows } = await pages(api.listUsers, { query: { q: `username=${name}` } }, 0)
  const found = rows.find(({ username }) => username === name)
  if (found) return found
  throw new Problem(`there is no account ${name}`, { exitCode: exitCodes.absent, wayOut: 'marina users list' })
}

const show: Verb<{ user: string }> = {
  name: 'show',
  aliases: ['get'],
  about: 'show an account',
  arguments: [user],
  async run({ user: name }, call) {
    await call.out.row(shape, await getUser(call, name))
  },
}

const passwordStdin: Option = { flags: '--password-stdin', about: 'read the password from stdin, for scripts' }

/** The same password twice, from the terminal. */
async function newPassword(isFromStdin: boolean): Promise<string> {
  if (isFromStdin) return readSecret()
  const first = await askSecret('New password')
  if (first !== (await askSecret('The same again'))) throw new Problem('the two differ; nothing was changed')
  return first
}

type CreateGiven = { user: string; email: string; realname?: string; comment?: string; passwordStdin?: true }

const create: Verb<CreateGiven> = {
  name: 'create',
  about: 'create an account',
  arguments: [{ name: 'user', about: 'its name' }],
  options: [
    { flags: '--email <address>', about: 'its e-mail address', isRequired: true },
    { flags: '--realname <name>', about: 'the name of the person (default: that of the account)' },
    { flags: '--comment <text>', about: 'whatever else' },
    passwordStdin,
  ],
  examples: [['marina users create ann --email ann@example.com', 'asks for a password']],
  async run({ user: name, email, realname = name, comment = '', passwordStdin: isFromStdin = false }, { client, out }) {
    const password = await newPassword(isFromStdin)
    await client(api.createUser, { body: { username: name, email, realname, comment, password } })
    await out.done(`created account ${name}`, name)
  },
}

const password: Verb<{ user: string; passwordStdin?: true }> = {
  name: 'password',
  about: 'set the password of another account',
  arguments: [user],
  options: [passwordStdin],
  examples: [['marina users password ann', 'asks for the new one, twice']],
  async run({ user: name, passwordStdin: isFromStdin = false }, call) {
    const { user_id: id } = await getUser(call, name)
    const body = { new_password: await newPassword(isFromStdin) }
    await call.client(api.updateUserPassword, { params: { user_id: id }, body })
    await call.out.done(`account ${name} has a new password`, name)
  },
}

const administrator: Verb<{ user: string; state: 'on' | 'off' }> = {
  name: 'administrator',
  about: 'make an account a system administrator, or end that',
  arguments: [user, { name: 'state', about: 'on or off', choices: ['on', 'off'] }],
  asksFirst: true,
  examples: [['marina users administrator ann on', 'asks first: ann may then do everything']],
  async run({ user: name, state }, call) {
    const { user_id: id } = await getUser(call, name)
    const says =
      state === 'on' ? `${name} may then do everything on this server` : `${name} loses all rights on the system`
    if (!(await call.confirm([says], 'Go on?'))) return
    await call.client(api.setUserSysAdmin, { params: { user_id: id }, body: { sysadmin_flag: state === 'on' } })
    await call.out.done(`${name} is ${state === 'on' ? 'now' : 'no longer'} a system administrator`, name)
  },
}

const remove = deleting({
  operation: api.deleteUser,
  kind: 'account',
  about: 'delete accounts; their projects go to the first administrator',
  arguments: [{ ...user, name: 'users', isMany: true }],
  options: [{ flags: '--mask', about: 'also replace their names in the audit log by a checksum' }],
  examples: [['marina users delete ann --mask', 'the audit log no longer says who ann was']],
  find: ({ users, mask }: { users: string[]; mask?: true }, call) =>
    eachOf(users, async (name) => {
      const { user_id: id, email } = await getUser(call, name)
      return {
        name,
        says: `account ${name} (${email || 'no e-mail'}) will be deleted${mask ? ', and masked in the audit log' : ''}`,
        call: { params: { user_id: id }, query: mask ? { mask_audit_log: true } : {} },
      }
    }),
})

export const verbs: Verb[] = [list, show, create, password, administrator, remove]
