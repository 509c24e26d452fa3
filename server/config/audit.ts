import { hour, minute, setting, time } from './setting.ts'
import { flag, integer } from './units.ts'

/** What is recorded in the audit log. */
export const audit = {
  pullsPercent: setting({
    env: 'MARINA_AUDIT_PULLS',
    path: 'audit.pulls',
    parse: integer(0, 100),
    fallback: 100,
    help: 'pulls that stand in the audit log, in %: 0 none, 10 every tenth',
  }),
  maskDeleted: setting({
    env: 'MARINA_AUDIT_MASK_DELETED',
    path: 'audit.mask_deleted',
    parse: flag,
    fallback: false,
    help: 'deleting a user replaces the name in the audit log by a checksum; a request may say otherwise',
  }),
  maskAgainMs: time({
    env: 'MARINA_AUDIT_MASK_AGAIN',
    path: 'audit.mask_again',
    fallback: 5 * minute,
    min: 100,
    max: 24 * hour,
    help: 'pause after which names are masked once more, in entries that were on their way at first',
  }),
}
