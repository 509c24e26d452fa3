import { openClient, type Client } from '../../api/client.ts'
import { confirm } from './confirm.ts'
import { openOutput } from './output.ts'
import { openPages } from './pages.ts'
import { findPlace, type Place, type PlaceOptions } from './place.ts'
import { openTransport } from './transport.ts'
import type { Call } from './verb.ts'

/** The options that every command takes. */
export type CallOptions = PlaceOptions & { output?: string; yes?: boolean; dryRun?: boolean }

/** What a command works with. The server is looked for when it is first needed. */
export function openCall(options: CallOptions, env: NodeJS.ProcessEnv): Call {
  let found: Place | undefined
  let opened: Client | undefined
  const place = () => (found ??= findPlace(options, env))
  const client = ((...asked: Parameters<Client>) => (opened ??= clientOf(place()))(...asked)) as Client
  const out = openOutput(options.output, env)
  return {
    place,
    client,
    pages: openPages(client),
    out,
    confirm: (what, question) => confirm(out, options, what, question),
  }
}

/** A client for one place. */
export function clientOf(place: Place): Client {
  const { url, login, timeoutMs } = place
  return openClient({ url, timeoutMs, send: openTransport(place), ...(login ? { login } : {}) })
}
