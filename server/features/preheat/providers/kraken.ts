import { randomBytes } from 'node:crypto'
import type { Provider } from './provider.ts'

/**
 * Kraken (github.com/uber/kraken). Its proxy takes the notifications of a registry: it fetches what was pushed, with
 * the credential of its own configuration, and has no job to ask for.
 */
export const kraken: Provider = {
  id: 'kraken',
  about: {
    name: 'Kraken',
    icon: 'https://github.com/uber/kraken/blob/master/assets/kraken-logo-color.svg',
    maintainers: ['mmpei/peimingming@corp.netease.com'],
    version: '0.1.3',
    source: 'https://github.com/uber/kraken',
  },
  scopes: [],
  health: async (ask) => void (await ask('GET', '/health')),
  async preheat(ask, { mediaType, digest, repository, url, tag }) {
    await ask('POST', '/registry/notifications', {
      Events: [
        {
          Id: randomBytes(16).toString('hex'),
          TimeStamp: new Date().toISOString(),
          Action: 'push',
          Target: { MediaType: mediaType, Digest: digest, Repository: repository, Url: url, Tag: tag },
          Request: null,
          Actor: null,
        },
      ],
    })
    return undefined
  },
}
