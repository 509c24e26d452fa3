import { findContext, listContexts, readContexts, type Context } from './contexts.ts'
import { exitCodes, Problem, wrongUsage } from './problem.ts'

/** Where the server is, and who asks. */
export type Place = {
  url: string
  login: { name: string; password: string } | undefined
  /** Certificates to trust beside the system's, a PEM file. */
  ca: string | undefined
  isInsecure: boolean
  timeoutMs: number
}

/** The options that say where a server is; each command that asks one takes them. */
export type PlaceOptions = { context?: string; url?: string; ca?: string; insecure?: true; timeout?: string }

/**
 * An option wins over a variable (MARINA_CLI_...), a variable over the saved login. A URL that was given is asked with
 * the name and password of the variables, else with those saved for this URL, else without any.
 */
export function findPlace(options: PlaceOptions, env: NodeJS.ProcessEnv): Place {
  const saved = savedContext(options, env)
  const login = loginFrom(env) ?? (saved?.username === undefined ? undefined : loginOf(saved))
  const url = options.url ?? variable(env, 'MARINA_CLI_URL') ?? saved?.url
  if (url === undefined) {
    throw new Problem('no server to ask', {
      exitCode: exitCodes.login,
      wayOut: 'marina login <host>, or set MARINA_CLI_URL',
    })
  }
  return {
    url: parseUrl(url),
    login,
    ca: options.ca ?? variable(env, 'MARINA_CLI_CA') ?? saved?.ca,
    isInsecure: options.insecure ?? (isSet(env, 'MARINA_CLI_INSECURE') || saved?.isInsecure === true),
    timeoutMs: parseSeconds(options.timeout ?? variable(env, 'MARINA_CLI_TIMEOUT') ?? '90') * 1000,
  }
}

function savedContext(options: PlaceOptions, env: NodeJS.ProcessEnv): Context | undefined {
  const contexts = readContexts(env)
  const url = options.url ?? (options.context === undefined ? variable(env, 'MARINA_CLI_URL') : undefined)
  if (url !== undefined) return listContexts(contexts).find((one) => one.url === parseUrl(url))
  const name = options.context ?? variable(env, 'MARINA_CLI_CONTEXT')
  const found = findContext(contexts, name)
  if (name !== undefined && !found) {
    throw wrongUsage(`no login is saved under the name ${name}`, 'marina contexts list shows those that are')
  }
  return found
}

/** MARINA_CLI_USERNAME and MARINA_CLI_PASSWORD go together. */
export function loginFrom(env: NodeJS.ProcessEnv): Place['login'] {
  const [name, password] = [variable(env, 'MARINA_CLI_USERNAME'), variable(env, 'MARINA_CLI_PASSWORD')]
  if ((name === undefined) !== (password === undefined))
    throw wrongUsage('MARINA_CLI_USERNAME and MARINA_CLI_PASSWORD go together, and one of them is not set')
  return name === undefined || password === undefined ? undefined : { name, password }
}

const loginOf = ({ username, password }: Context) => ({ name: username!, password: password ?? '' })

/** An empty variable counts as not set. */
export const variable = (env: NodeJS.ProcessEnv, name: string): string | undefined => env[name] || undefined

const isSet = (env: NodeJS.ProcessEnv, name: string) => /^(?:1|true|yes)$/i.test(env[name] ?? '')

/** A URL without a path and without a slash at its end; a host alone means https. */
export function parseUrl(text: string): string {
  const whole = /^https?:\/\//i.test(text) ? text : `https://${text}`
  if (!URL.canParse(whole)) throw wrongUsage(`${text} is not the address of a server`, 'such as registry.example.com')
  const { protocol, host, pathname, username, search } = new URL(whole)
  if (username !== '') throw wrongUsage('the address holds a name: give it by --username instead')
  if (pathname !== '/' || search !== '') {
    throw wrongUsage(`${text} has a path: name the server alone`, `such as ${protocol}//${host}`)
  }
  return `${protocol}//${host}`
}

function parseSeconds(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw wrongUsage(`--timeout is a number of seconds from 1 to 99999, not ${text}`)
  return Number(text)
}
