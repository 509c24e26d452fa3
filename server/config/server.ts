import { optional, setting } from './setting.ts'
import { cidr, integer, integerOrAuto, line, list, url } from './units.ts'

/** Where Marina listens, how clients reach it, and where it keeps its own files. */
export const server = {
  port: setting({
    env: 'MARINA_PORT',
    path: 'port',
    parse: integer(0, 65535),
    fallback: 8080,
    help: 'port for clients, the API and the portal; 0 takes any free one',
  }),
  host: setting({
    env: 'MARINA_HOST',
    path: 'host',
    parse: line,
    fallback: '0.0.0.0',
    help: 'address to listen on',
  }),
  processes: setting<'MARINA_PROCESSES', number | 'auto'>({
    env: 'MARINA_PROCESSES',
    path: 'processes',
    parse: integerOrAuto(1, 64),
    fallback: 'auto',
    help: 'processes that answer requests under load; auto is one for each processor core, 8 at most',
  }),
  processesIdle: setting({
    env: 'MARINA_PROCESSES_IDLE',
    path: 'processes_idle',
    parse: integer(1, 64),
    fallback: 1,
    help: 'processes that answer requests while there is little to do; more start under load, up to MARINA_PROCESSES',
  }),
  dataDir: setting({
    env: 'MARINA_DATA_DIR',
    path: 'data_dir',
    parse: line,
    fallback: './data',
    help: 'folder of the embedded database, the stored blobs and the secret key',
  }),
  adminPassword: setting({
    env: 'MARINA_ADMIN_PASSWORD',
    path: 'admin_password',
    parse: optional(line),
    fallback: undefined,
    secret: true,
    help: "the administrator's first password; generated when absent, ignored once the account exists",
  }),
  externalUrl: setting({
    env: 'MARINA_EXTERNAL_URL',
    path: 'external_url',
    parse: optional(url('http', 'https')),
    fallback: undefined,
    help: 'URL by which clients reach Marina; taken from each request when absent',
  }),
  trustedProxies: setting<'MARINA_TRUSTED_PROXIES', string[]>({
    env: 'MARINA_TRUSTED_PROXIES',
    path: 'trusted_proxies',
    parse: list(cidr),
    fallback: [],
    show: (all) => all.join(','),
    help: 'addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed',
  }),
  tlsCert: setting({
    env: 'MARINA_TLS_CERT',
    path: 'tls.cert',
    parse: optional(line),
    fallback: undefined,
    help: 'PEM file with the certificate and its chain; serves https',
  }),
  tlsKey: setting({
    env: 'MARINA_TLS_KEY',
    path: 'tls.key',
    parse: optional(line),
    fallback: undefined,
    help: 'PEM file with the private key of the certificate',
  }),
  secretKey: setting({
    env: 'MARINA_SECRET_KEY',
    path: 'secret_key',
    parse: optional(line),
    fallback: undefined,
    secret: true,
    help: 'key that encrypts secrets in the database, 64 hex digits; made in the data folder when absent',
  }),
}
