import type { HookEvent } from '../events.ts'
import type { Sender } from './sender.ts'

/** Slack's limit of a section's text, in characters, less the text around the event. */
const textLimit = 2900

/** A message of Slack's blocks, with the same parts as Harbor's. */
export const slack: Sender = {
  type: 'slack',
  vendor: 'SLACK',
  formats: [],
  needsTemplate: false,
  render: (event) => ({
    contentType: 'application/json',
    body: JSON.stringify({
      blocks: textsOf(event).map((text) => ({ type: 'section', text: { type: 'mrkdwn', text } })),
    }),
  }),
}

function textsOf({ type, occurredAt, operator, data }: HookEvent): string[] {
  const seconds = Math.floor(occurredAt.getTime() / 1000)
  return [
    '*Marina webhook events*',
    `*event_type:* ${type}`,
    `*occur_at:* <!date^${seconds}^{date} at {time}|${occurredAt.toUTCString()}>`,
    `*operator:* ${escaped(operator)}`,
    '*event_data:*',
    `\`\`\`${escaped(JSON.stringify(data, null, '\t')).slice(0, textLimit)}\`\`\``,
  ]
}

/** Escapes a name, so that it cannot become a mention, a link, or the end of the code block. */
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('`', "'")
