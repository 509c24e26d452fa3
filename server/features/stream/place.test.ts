import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePlace, writePlace } from './place.ts'

const written = (text: string) => Buffer.from(text).toString('base64url')

test('a place is read back as it was written', () => {
  for (const place of [
    { seen: '10:20:10,15', until: undefined, lastId: 0, at: 1_700_000_000_000 },
    { seen: '10:10:', until: '12:30:12,29', lastId: 7, at: 0 },
  ])
    assert.deepEqual(parsePlace(writePlace(place)), place)
})

test('what PostgreSQL would not read as a snapshot is no place', () => {
  for (const text of [
    '',
    'x',
    '1|10:20:10||0|more',
    '1|20:10:||0',
    '1|0:10:||0',
    '1|10:20:9||0',
    '1|10:20:20||0',
    '1|10:20:12,11||0',
    '1|10:20:12,12||0',
    '1|10:20:,||0',
    '1|10:20:12,||0',
    '1|10:20:|nonsense|0',
    '-1|10:20:||0',
    '1|10:20:||x',
    "1|10:20:';drop table outbox||0",
  ])
    assert.equal(parsePlace(written(text)), undefined, text)
  assert.equal(parsePlace('not base64!'), undefined)
})
