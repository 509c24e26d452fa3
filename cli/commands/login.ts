import path from 'node:path'
import { ApiError } from '../../api/client.ts'
import { getPing, getSystemInfo } from '../../api/system.ts'
import { getCurrentUserInfo } from '../../api/users.ts'
import { clientOf } from '../lib/call.ts'
import { fileOfContexts, findContext, readContexts, writeContexts, type Context } from '../lib/contexts.ts'
import type { Shape } from '../lib/output.ts'
import { loginFrom, parseUrl, variable, type Place } from '../lib/place.ts'
import { exitCodes, Problem, wrongUsage } from '../lib/problem.ts'
import { ask, askSecret, readSecret } from '../lib/prompt.ts'
import type { Call, Verb } from '../lib/verb.ts'

type LoginGiven = {
  host?: string
  username?: string
  passwordStdin?: true
  name?: string
  ca?: string
  insecure?: true
}

type Alone<Given extends object> = Omit<Verb<Given>, 'name' | 'about'>

export const login: Alone<LoginGiven> = {
  isLocal: true,
  arguments: [{ name: 'host', about: 'such as registry.example.com or http://localhost:8080', isOptional: true }],
  options: [
    { flags: '-u, --username <name>', about: 'of an account or a robot' },
    { flags: '--password-stdin', about: 'read the password from stdin, for scripts' },
    { flags: '--name <name>', about: 'save the login under this name (default: the host)' },
    { flags: '--ca <file>', about: 'certificates to trust beside the system’s, PEM' },
    { flags: '--insecure', about: 'do not check the certificate, now and later' },
  ],
  examples: [
    ['marina login registry.example.com', 'asks for name and password'],
    ['marina login localhost:8080 -u admin', 'without TLS on this machine alone'],
    ["marina login registry.example.com -u 'robot$ci' --password-stdin < secret", 'in a script'],
    ['marina login test.example.com --name test --ca ca.pem', 'a second server, with an authority of its own'],
  ],
  async run(given, { out }) {
    const contexts = readContexts(process.env)
    const known = findContext(contexts, given.name ?? given.host ?? contexts.current)
    const host = given.host ?? known?.url ?? variable(process.env, 'MARINA_CLI_URL')
    if (host === undefined) throw wrongUsage('which server?', 'marina login <host>')
    const open = {
      // Later commands run in other folders.
      ca: given.ca === undefined ? known?.ca : path.resolve(given.ca),
      isInsecure: given.insecure ?? known?.isInsecure === true,
      timeoutMs: 30_000,
    }
    const url = await findUrl(host, open)
    if (url.startsWith('http:') && !isThisMachine(url))
      out.remark('without https:// the password goes over the network unencrypted, at every command')
    const account = await askLogin(given, known)
    await clientOf({ ...open, url, login: account })(getSystemInfo)
    const name = given.name ?? new URL(url).host
    const saved: Context = {
      url,
      username: account.name,
      password: account.password,
      ...(open.ca === undefined ? {} : { ca: open.ca }),
      ...(open.isInsecure ? { isInsecure: true } : {}),
    }
    writeContexts(process.env, { current: name, contexts: { ...contexts.contexts, [name]: saved } })
    await out.done(`logged in to ${url} as ${account.name}`, name, { name, url, username: account.name })
    out.remark(`saved in ${fileOfContexts(process.env)}, readable by you alone`)
  },
}

const isThisMachine = (url: string) => /^(?:localhost|.*\.localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname)

/** Where a Marina answers. Without https:// or http://, TLS is needed except on this machine. */
async function findUrl(host: string, open: Omit<Place, 'url' | 'login'>): Promise<string> {
  const https = parseUrl(host)
  const urls = host.includes('://') || !isThisMachine(https) ? [https] : [https, https.replace(/^https/, 'http')]
  for (const url of urls.slice(0, -1)) if (await answers(url, open).catch(() => false)) return url
  const url = urls.at(-1)!
  if (!(await answers(url, open))) {
    throw new Problem(`${url} answers, but not as a Marina or a Harbor does`, { exitCode: exitCodes.unreachable })
  }
  return url
}

async function answers(url: string, open: Omit<Place, 'url' | 'login'>): Promise<boolean> {
  try {
    const { body } = await clientOf({ ...open, url, login: undefined })(getPing)
    return body.includes('Pong')
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) return false
    throw error
  }
}

async function askLogin(given: LoginGiven, known: Context | undefined): Promise<{ name: string; password: string }> {
  const fromVariables = loginFrom(process.env)
  if (fromVariables && given.username === undefined && !given.passwordStdin) return fromVariables
  const name = given.username ?? (given.passwordStdin ? known?.username : await ask('Username', known?.username))
  if (!name) throw wrongUsage('a name is needed', '--username <name>')
  return { name, password: given.passwordStdin ? await readSecret() : await askSecret('Password') }
}

export const logout: Alone<{ name?: string; all?: true }> = {
  isLocal: true,
  arguments: [
    { name: 'name', about: 'of the saved login (default: the current one)', isOptional: true, complete: 'context' },
  ],
  options: [{ flags: '--all', about: 'forget all of them' }],
  examples: [['marina logout', 'forgets the current login, with its password']],
  async run({ name, all }, { out }) {
    const { current, contexts } = readContexts(process.env)
    const names = all ? Object.keys(contexts) : [name ?? current].filter((one) => one !== undefined)
    if (names.length === 0) throw new Problem('no login is saved', { exitCode: exitCodes.absent })
    for (const one of names) {
      if (!Object.hasOwn(contexts, one)) {
        throw new Problem(`no login is saved under the name ${one}`, {
          exitCode: exitCodes.absent,
          wayOut: 'marina contexts list shows those that are',
        })
      }
      delete contexts[one]
    }
    const isGone = current === undefined || names.includes(current)
    writeContexts(process.env, { ...(isGone ? {} : { current }), contexts })
    for (const one of names) await out.done(`logged out of ${one}`, one)
  },
}

type Me = { server: string; name: string; kind: 'user' | 'robot' | 'anonymous'; administrator: boolean }

const me: Shape<Me> = {
  kind: 'caller',
  name: ({ name }) => name,
  columns: [
    { name: 'name', of: ({ name }) => name },
    { name: 'kind', of: ({ kind, administrator }) => (administrator ? 'system administrator' : kind) },
    { name: 'server', of: ({ server }) => server },
  ],
}

export const whoami: Alone<object> = {
  examples: [['marina whoami', 'checks the saved name and password as well']],
  run: async (_given, call) => call.out.row(me, await findMe(call)),
}

async function findMe({ place, client }: Call): Promise<Me> {
  const { url: server, login: account } = place()
  if (!account) {
    await client(getSystemInfo)
    return { server, name: 'anonymous', kind: 'anonymous', administrator: false }
  }
  try {
    const { body } = await client(getCurrentUserInfo)
    return { server, name: body.username, kind: 'user', administrator: body.sysadmin_flag }
  } catch (error) {
    // A robot has no profile: 412, when its secret is right.
    if (!(error instanceof ApiError) || error.status !== 412) throw error
    return { server, name: account.name, kind: 'robot', administrator: false }
  }
}
