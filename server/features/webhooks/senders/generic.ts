import { renderTemplate } from '../template.ts'
import type { Sender } from './sender.ts'

/** A template of JSON that the policy's owner writes, for receivers that expect fields of their own. */
export const generic: Sender = {
  type: 'generic',
  vendor: 'WEBHOOK',
  formats: [],
  needsTemplate: true,
  render: (event, { template = '{}' }) => ({ contentType: 'application/json', body: renderTemplate(template, event) }),
}
