import type { Ground } from './ground.ts'

/** The URL of this Marina, as far as it is known without a request. */
export const localUrlOf = (server: Ground['config']['server']): string =>
  server.externalUrl ?? `http://${hostOf(server)}`

/** `host:port` by which clients reach Marina, as far as it is known without a request. */
export function hostOf({ externalUrl, port }: Ground['config']['server']): string {
  return externalUrl ? new URL(externalUrl).host : `localhost:${port}`
}
