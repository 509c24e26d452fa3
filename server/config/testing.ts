import { optional, setting } from './setting.ts'
import { line } from './units.ts'

/** For tests only. */
export const testing = {
  failpoints: setting({
    env: 'MARINA_FAILPOINTS',
    path: 'testing.failpoints',
    parse: optional(line),
    fallback: undefined,
    help: 'for tests only: points at which the process kills itself',
  }),
}
