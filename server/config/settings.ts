import { optional, setting } from './setting.ts'
import { line } from './units.ts'

/** The configuration that the API can change. */
export const settings = {
  overwrite: setting({
    env: 'MARINA_CONFIG_OVERWRITE_JSON',
    path: 'config_overwrite_json',
    parse: optional(line),
    fallback: undefined,
    secret: true,
    help: 'configuration items that the API must not change, as a JSON object such as {"self_registration":false}',
  }),
}
