import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { openPlaces } from '../places.ts'

/** Resolves a name to addresses, like dns.lookup with `all`. */
export type Lookup = (name: string, done: (error: Error | null, addresses: LookupAddress[]) => void) => void

export type NamesOptions = {
  hostsFile?: string
  resolvFile?: string
  /** DNS servers, `address:port`, instead of those in resolv.conf. */
  servers?: string[]
  /** The operating system's own lookup. */
  system?: Lookup
}

/** How long the DNS may take for a name with all its search domains, in ms. */
const dnsMs = 10_000
/** Errors that mean: there is no such name, or no DNS here. Any other means that the DNS does not answer. */
const unknown = new Set(['ENOTFOUND', 'ENODATA', 'ECONNREFUSED', 'EREFUSED', 'EBADNAME'])

/**
 * Looks names up in the hosts file, then in the DNS with resolv.conf's search domains, and only then by the operating
 * system, which may know more (mDNS, plugins of nsswitch). The latter blocks one of libuv's four threads for up to half
 * a minute: with dns.lookup alone, four names whose DNS does not answer would stop all other names and every file
 * operation. So it gets two threads at most, and none for a name whose DNS does not answer.
 */
export function openNames({
  hostsFile = '/etc/hosts',
  resolvFile = '/etc/resolv.conf',
  servers,
  system = (name, done) => systemLookup(name, { all: true }, done),
}: NamesOptions = {}): Lookup {
  const underWay = new Map<string, Promise<LookupAddress[]>>()
  const threads = openPlaces({ places: 2 })

  return (name, done) => {
    const wanted = name.toLowerCase()
    // Callers that ask for one name at once share its lookup (single flight).
    const found = underWay.get(wanted) ?? find(wanted).finally(() => underWay.delete(wanted))
    underWay.set(wanted, found)
    void tell(found, done)
  }

  async function find(name: string): Promise<LookupAddress[]> {
    return (await findInHosts(name)) ?? (await findInDns(name)) ?? (await askSystem(name))
  }

  async function findInHosts(name: string): Promise<LookupAddress[] | undefined> {
    const bare = name.replace(/\.$/, '')
    const addresses = linesOf(await textOf(hostsFile))
      .filter(([, ...names]) => names.some((one) => one.toLowerCase() === bare))
      .map(([address]) => address!)
    return addresses.length === 0 ? undefined : [...new Set(addresses)].map(addressOf)
  }

  async function findInDns(name: string): Promise<LookupAddress[] | undefined> {
    const resolver = new Resolver({ timeout: 1500, tries: 2 })
    if (servers) resolver.setServers(servers)
    const timer = setTimeout(() => resolver.cancel(), dnsMs)
    try {
      for (const candidate of candidatesOf(name, linesOf(await textOf(resolvFile)))) {
        const found = await resolve(resolver, candidate)
        if (found) return found
      }
      return undefined
    } finally {
      clearTimeout(timer)
    }
  }

  async function askSystem(name: string): Promise<LookupAddress[]> {
    using place = await threads.enter(name, AbortSignal.timeout(dnsMs))
    if (!place) throw new Error('too many names wait for the operating system')
    const { promise, resolve: done, reject } = Promise.withResolvers<LookupAddress[]>()
    system(name, (error, addresses) => (error ? reject(error) : done(addresses)))
    return await promise
  }
}

async function tell(answer: Promise<LookupAddress[]>, done: Parameters<Lookup>[1]): Promise<void> {
  const [found] = await Promise.allSettled([answer])
  if (found.status === 'fulfilled') done(null, found.value)
  else done(found.reason as Error, [])
}

/** The addresses; undefined when the DNS says that there is no such name. Throws when it does not answer. */
async function resolve(resolver: Resolver, name: string): Promise<LookupAddress[] | undefined> {
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
  const found = answers.flatMap((one) => (one.status === 'fulfilled' ? one.value : [])).map(addressOf)
  if (found.length > 0) return found
  const silent = answers.find(
    (one) => one.status === 'rejected' && !unknown.has(String((one.reason as NodeJS.ErrnoException).code)),
  )
  if (silent) throw (silent as PromiseRejectedResult).reason
  return undefined
}

/**
 * The names to ask for (resolv.conf(5)): one with enough dots is tried first as it is, others first with each search
 * domain.
 */
function candidatesOf(name: string, lines: string[][]): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const [, ...domains] = lines.findLast(([word]) => word === 'search' || word === 'domain') ?? []
  const options = lines.flatMap(([word, ...all]) => (word === 'options' ? all : []))
  const dots = Number(options.findLast((one) => /^ndots:\d+$/.test(one))?.slice(6) ?? 1)
  const searched = domains.map((domain) => `${name}.${domain.replace(/\.$/, '')}`)
  return name.split('.').length > dots ? [name, ...searched] : [...searched, name]
}

const addressOf = (address: string): LookupAddress => ({ address, family: isIP(address.split('%')[0]!) })

/** A file's words, line by line, without comments. */
const linesOf = (text: string): string[][] =>
  text
    .split('\n')
    .map((line) =>
      line
        .replace(/[#;].*/, '')
        .trim()
        .split(/\s+/),
    )
    .filter(([word]) => word !== '')

/**
 * Reads a file each time, as it may change and there are far fewer connections than calls; '' when there is no file.
 */
const textOf = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')
