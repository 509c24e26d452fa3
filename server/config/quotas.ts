import { setting } from './setting.ts'
import { integer } from './units.ts'

/** When the owner of a project is warned. */
export const quotas = {
  warningPercent: setting({
    env: 'MARINA_QUOTA_WARNING',
    path: 'quota.warning',
    parse: integer(1, 100),
    fallback: 85,
    help: 'a push after which a project uses this share of its quota, in percent, or more causes a QUOTA_WARNING event',
  }),
}
