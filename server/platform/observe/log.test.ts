import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openLog } from './log.ts'

test('a name chosen by a user cannot add lines to the text log or send commands to a terminal', () => {
  const lines: string[] = []
  const log = openLog({
    level: 'info',
    format: 'text',
    stream: { isTTY: false, write: (text: string) => lines.push(text) } as never,
  })
  log.warn({ name: 'mine\n12:00:00.000 error all is lost\u001b[2J\u009b2J', plain: 'a b' }, 'a webhook is paused')
  const [line] = lines as [string]
  assert.match(line, /a webhook is paused name=mine\\u000a12:00:00.000 error all is lost\\u001b\[2J.* plain=a b\n$/)
  assert.doesNotMatch(line.slice(0, -1), /\p{Cc}/u)
})
