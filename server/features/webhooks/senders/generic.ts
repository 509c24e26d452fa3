import { renderTemplate } from '../template.ts'
import type { Sender } from './sender.ts'

/** JSON of one's own making: for receivers that want their very own fields. */
export const generic: Sender = {
  type: 'generic',
  vendor: 'WEBHOOK',
  formats: [],
  needsTemplate: true,
  render: (event, { template = '{}' }) => ({ contentType: 'application/json', body: renderTemplate(template, event) }),
}
