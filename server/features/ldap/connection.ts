import { once } from 'node:events'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import {
  Client,
  InvalidCredentialsError,
  NoSuchObjectError,
  ResultCodeError,
  SizeLimitExceededError,
  type Entry,
  type Filter,
} from 'ldapts'
import { OutboundFailed, OutboundRefused, type Outbound } from '../../platform/outbound/outbound.ts'
import type { LdapConfig, Scope } from './config.ts'
import { LdapTrouble, troubleOf } from './trouble.ts'

/** An entry: its DN, and the values of the attributes that were asked for, by their names in lower case. */
export type Found = { dn: string; values: Record<string, string[]> }

type Search = {
  scope: Scope
  filter: Filter
  attributes: string[]
  /** Entries that are read at most. */
  most: number
  /** An absent base is an empty answer instead of an error. */
  isAbsentEmpty?: true
}

/** A connection on which the account that searches has bound. */
export type Bound = {
  search(base: string, wanted: Search): Promise<Found[]>
  /** Whether the entry has this password, which must not be empty. */
  isPasswordOf(dn: string, password: string): Promise<boolean>
}

/** How a directory is reached. */
export type Reaching = {
  outbound: Pick<Outbound, 'locate'>
  startTls: boolean
  /** Certificates (PEM) to trust instead of the system's. */
  readCa(): Promise<string | undefined>
  pageEntries: number
}

/**
 * Connects, binds as the account that searches, runs `work`, and ends the connection; when the signal is aborted, at
 * once. Referrals are not followed: they lead to servers that nobody allowed. Throws LdapTrouble.
 */
export async function withDirectory<Result>(
  config: LdapConfig,
  reaching: Reaching,
  signal: AbortSignal,
  work: (bound: Bound) => Promise<Result>,
): Promise<Result> {
  const { socket, tls } = await openSocket(config, reaching, signal)
  const client = new Client({ url: 'ldap://directory', timeout: config.timeoutMs, createConnection: onlyOnce(socket) })
  const cut = () => socket.destroy()
  signal.addEventListener('abort', cut, { once: true })
  try {
    if (tls) await client.startTLS(tls)
    await bindAsSearcher(client, config)
    return await work(boundOf(client, config, reaching))
  } catch (error) {
    throw troubleOf(error)
  } finally {
    signal.removeEventListener('abort', cut)
    void client
      .unbind()
      .catch(() => {})
      .finally(cut)
  }
}

/**
 * The client opens a new connection for what is asked after the first one broke. There nobody has bound, a search finds
 * less than there is, and people would be taken for gone.
 */
function onlyOnce(socket: Socket): () => Socket {
  let isUsed = false
  return () => {
    if (isUsed) throw new LdapTrouble('network', 'the directory closed the connection')
    isUsed = true
    return socket
  }
}

/** Throws LdapTrouble. An empty name or password would bind as nobody, and still succeed (RFC 4513, 5.1). */
async function bindAsSearcher(client: Client, { searchDn, searchPassword }: LdapConfig): Promise<void> {
  if (searchDn === '') throw new LdapTrouble('credential', 'empty search dn')
  if (searchPassword === '') throw new LdapTrouble('credential', 'empty password')
  try {
    await client.bind(searchDn, searchPassword)
  } catch (error) {
    if (error instanceof InvalidCredentialsError) throw new LdapTrouble('credential', 'invalid credential')
    throw error
  }
}

function boundOf(client: Client, config: LdapConfig, { pageEntries }: Reaching): Bound {
  return {
    async search(base, { scope, filter, attributes, most, isAbsentEmpty }) {
      const found: Found[] = []
      const paged = { pageSize: Math.min(pageEntries, most) }
      const options = { scope, filter, attributes, paged, derefAliases: 'never' as const }
      try {
        for await (const { searchEntries } of client.searchPaginated(base, options)) {
          found.push(...searchEntries.slice(0, most - found.length).map(foundOf))
          if (found.length >= most) break
        }
      } catch (error) {
        // The directory's own limit: what it has sent until then is lost, so that it counts as no answer.
        if (error instanceof SizeLimitExceededError)
          throw new LdapTrouble('answer', 'too many entries: narrow the search')
        if (error instanceof NoSuchObjectError && isAbsentEmpty) return []
        throw error
      }
      return found
    },
    async isPasswordOf(dn, password) {
      if (dn === '' || password === '') return false
      const isRight = await binds(client, dn, password)
      await bindAsSearcher(client, config)
      return isRight
    },
  }
}

/**
 * LDAP's answers to a bind that mean "not with this password": wrong, or the account is locked, expired or disabled
 * (RFC 4511, appendix A.2; password policies).
 */
const refusals = new Set([19, 32, 48, 49, 50, 53])

async function binds(client: Client, dn: string, password: string): Promise<boolean> {
  try {
    await client.bind(dn, password)
    return true
  } catch (error) {
    if (error instanceof ResultCodeError && refusals.has(error.code)) return false
    throw error
  }
}

function foundOf({ dn, ...attributes }: Entry): Found {
  const values = Object.entries(attributes).map(([name, value]) => {
    const all = Array.isArray(value) ? value : [value]
    return [name.toLowerCase(), all.map(String).filter((text) => text !== '')] as const
  })
  return { dn, values: Object.fromEntries(values) }
}

/**
 * An open connection to one of the directory's addresses, encrypted already for `ldaps`. `tls`: how StartTLS is to
 * encrypt it. Throws LdapTrouble.
 */
async function openSocket(
  config: LdapConfig,
  reaching: Reaching,
  signal: AbortSignal,
): Promise<{ socket: Socket; tls: ConnectionOptions | undefined }> {
  const { protocol, host, port } = parseLdapUrl(config.url)
  const addresses = await locate(reaching, host)
  const ca = await readCa(reaching)
  let trouble: unknown
  for (const address of addresses) {
    // The certificate is for the name; the connection goes to the address that was checked.
    const tls = {
      host: address,
      rejectUnauthorized: config.verifiesTls,
      ...(isIP(host) ? {} : { servername: host }),
      ...(ca === undefined ? {} : { ca }),
    }
    const [socket, event] =
      protocol === 'ldaps:'
        ? [connectTls({ port, ...tls }), 'secureConnect']
        : [connect({ port, host: address }), 'connect']
    try {
      await once(socket, event, { signal })
      return { socket, tls: protocol === 'ldap:' && reaching.startTls ? tls : undefined }
    } catch (error) {
      socket.destroy()
      // Of a name with several addresses, what is wrong with the one that answers.
      if (trouble === undefined || !isRefused(error)) trouble = error
    }
  }
  throw troubleOf(trouble)
}

const isRefused = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'

/** Throws LdapTrouble. */
async function locate({ outbound }: Reaching, host: string): Promise<string[]> {
  try {
    return await outbound.locate(host, 'endpoint')
  } catch (error) {
    if (error instanceof OutboundRefused || error instanceof OutboundFailed)
      throw new LdapTrouble('address', error.message, error)
    throw error
  }
}

async function readCa(reaching: Reaching): Promise<string | undefined> {
  return reaching.readCa().catch((error: NodeJS.ErrnoException) => {
    throw new LdapTrouble('address', `the file of MARINA_LDAP_CA cannot be read (${error.code})`, error)
  })
}

/** Throws LdapTrouble for what is no `ldap://` or `ldaps://` URL of a host. */
export function parseLdapUrl(text: string): { protocol: 'ldap:' | 'ldaps:'; host: string; port: number } {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const { protocol = '', hostname = '', port = '' } = url ?? {}
  if ((protocol !== 'ldap:' && protocol !== 'ldaps:') || hostname === '')
    throw new LdapTrouble('address', 'the URL must be ldap://host:port or ldaps://host:port')
  return {
    protocol,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'ldaps:' ? 636 : 389) : Number(port),
  }
}
