import { setting } from './setting.ts'
import { integer, line, oneOf, type Parser } from './units.ts'

/** A port number, or `off`. */
const portOrOff: Parser<number | 'off'> = (text) => {
  if (text.trim() === 'off') return 'off'
  return integer(0, 65535)(text)
}

/** What is logged, and how. */
export const log = {
  level: setting({
    env: 'MARINA_LOG_LEVEL',
    path: 'log.level',
    parse: oneOf('debug', 'info', 'warn', 'error', 'silent'),
    fallback: 'info',
    help: 'least severe level that is logged',
  }),
  format: setting({
    env: 'MARINA_LOG_FORMAT',
    path: 'log.format',
    parse: oneOf('auto', 'json', 'text'),
    fallback: 'auto',
    help: 'json, text, or auto: text on a terminal, else json',
  }),
  requests: setting({
    env: 'MARINA_LOG_REQUESTS',
    path: 'log.requests',
    parse: oneOf('all', 'failed', 'none'),
    fallback: 'all',
    help: 'which requests get a log line; failed means status 500 and above',
  }),
}

/** Where Prometheus reads the metrics. */
export const metrics = {
  port: setting({
    env: 'MARINA_METRICS_PORT',
    path: 'metrics.port',
    parse: portOrOff,
    fallback: 9090,
    help: 'port of GET /metrics, or off',
  }),
  host: setting({
    env: 'MARINA_METRICS_HOST',
    path: 'metrics.host',
    parse: line,
    fallback: '127.0.0.1',
    help: 'address of GET /metrics',
  }),
}
