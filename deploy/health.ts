/** The image's health check: ends with 0 when the Marina in this container serves, by the settings it was given. */
import { get as getPlain } from 'node:http'
import { get as getSecure } from 'node:https'
import { loadConfig } from '../server/config/file.ts'

const { config } = loadConfig(process.env)
const host = ['0.0.0.0', '::'].includes(config.server.host) ? '127.0.0.1' : config.server.host
const options = { host, port: config.server.port, path: '/api/v2.0/health', timeout: 4000 }
// The certificate names the address that clients use, not the loopback address; the request stays in this container.
const asked =
  config.server.tlsCert === undefined ? getPlain(options) : getSecure({ ...options, rejectUnauthorized: false })
// 503 means that Marina stops. Health stays 200 while the database is away: a restart would not bring it back.
asked.once('response', ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
asked.once('timeout', () => process.exit(1)).once('error', () => process.exit(1))
