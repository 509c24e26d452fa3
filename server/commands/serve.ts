import { flushCompileCache } from 'node:module'
import { isIPv6 } from 'node:net'
import type { Serving } from '../app/processes/supervise.ts'
import { countProcesses } from '../app/processes/count.ts'
import type { Config } from '../config/config.ts'
import { tendHeap } from '../platform/heap.ts'
import type { Log } from '../platform/observe/log.ts'
import type { LastingCommand } from './command.ts'
import { isStopSignal, startUnlessAsked, stopSignal } from './signals.ts'
import { bold, print } from './terminal.ts'

export const serve: LastingCommand = {
  name: 'serve',
  about: 'serve the registry and the API until SIGTERM or Ctrl-C',
  run: async (_given, { load }) => {
    const started = performance.now()
    const { config } = await load()
    // Signals are handled from the beginning: one during the start would otherwise leave PostgreSQL running.
    const asked = stopSignal()
    const { openLog } = await import('../platform/observe/log.ts')
    const log = openLog(config.log)
    const marina = await startUnlessAsked(asked, (signal) => openServing(config, log, signal))
    if (!marina) return print('Marina has stopped')
    welcome(marina, config, performance.now() - started)
    // Written now, since the process may end without a chance to write it.
    flushCompileCache()
    using _ = tendHeap()
    const reason = await Promise.race([asked, marina.failed])
    const isAsked = isStopSignal(reason)
    if (isAsked) print(`${reason}: finishing running requests (at most ${config.limits.drainMs / 1000} s)`)
    else log.error({ reason }, 'Marina cannot go on')
    await marina.close()
    print('Marina has stopped')
    process.exitCode = isAsked ? 0 : 1
  },
}

/** One process that does everything, or several with this one to look after them. */
async function openServing(config: Config, log: Log, signal: AbortSignal): Promise<Serving> {
  const counts = countProcesses(config)
  // Only what is needed is loaded: the process that looks after others stays small.
  if (counts.most === 1) return (await import('../app/serve.ts')).openMarina(config, log, signal)
  return (await import('../app/processes/supervise.ts')).supervise(config, log, counts, signal)
}

/** Where Marina listens, where it keeps what, and how to push a first image. */
function welcome(marina: Serving, config: Config, ms: number): void {
  const url = urlOf(marina, config)
  const host = url.replace(/^https?:\/\//, '')
  const insecure = url.startsWith('https:') ? '' : ' --dest-tls-verify=false'
  print(
    [
      `${bold('Marina')} is ready after ${(ms / 1000).toFixed(1)} s: ${url}`,
      row('portal', `open ${url} in a browser`),
      ...placesOf(marina, config),
      row('try', `docker login ${host}`),
      `  ${' '.repeat(9)} skopeo copy --dest-creds admin:<password>${insecure} oci-archive:image.tar ` +
        `docker://${host}/library/image:1`,
      row('stop', 'Ctrl-C'),
    ].join('\n'),
  )
}

function urlOf({ port }: Serving, { server: { host, tlsCert, externalUrl } }: Config): string {
  const shownHost = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return externalUrl ?? `${tlsCert ? 'https' : 'http'}://${inUrl(shownHost)}:${port}`
}

function placesOf({ metricsPort, database, firstPassword }: Serving, config: Config): string[] {
  const {
    server: { dataDir },
    storage,
    s3,
    metrics,
  } = config
  const own = `PostgreSQL of its own in ${dataDir}/postgres`
  const once = '(shown this once; ./marina.mjs admin reset-password makes a new one)'
  return [
    row('database', database === 'embedded' ? own : 'PostgreSQL at MARINA_DATABASE_URL'),
    row('storage', storage.driver === 'filesystem' ? storage.root! : `S3 bucket ${s3.bucket}`),
    ...(metricsPort ? [row('metrics', `http://${inUrl(metrics.host)}:${metricsPort}/metrics`)] : []),
    ...(firstPassword ? [row('login', `admin, password ${bold(firstPassword)}  ${once}`)] : []),
  ]
}

/** An IPv6 address stands in brackets (RFC 3986, 3.2.2). */
const inUrl = (host: string) => (isIPv6(host) ? `[${host}]` : host)

const row = (name: string, text: string) => `  ${bold(name.padEnd(9))} ${text}`
