import { setting } from './setting.ts'
import { integer } from './units.ts'

/** What is recorded in the audit log. */
export const audit = {
  pullsPercent: setting({
    env: 'MARINA_AUDIT_PULLS',
    path: 'audit.pulls',
    parse: integer(0, 100),
    fallback: 100,
    help: 'pulls that stand in the audit log, in %: 0 none, 10 every tenth',
  }),
}
