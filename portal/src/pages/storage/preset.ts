import { query } from '../../lib/location.ts'

/** The preset that the address asks for; undefined for the rules in force. */
export const presetAsked = (): 'default' | 'few-tags' | undefined =>
  (['default', 'few-tags'] as const).find((one) => one === query.value.get('preset'))
