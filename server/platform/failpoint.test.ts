import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { armFailpoints, failpoints } from './failpoint.ts'

const server = join(import.meta.dirname, '..')

test('every failpoint of the list is in the code once, and the code has no others', () => {
  const files = globSync('**/*.ts', { cwd: server }).filter(
    (file) => !/\.(test|suite)\.ts$|^testing|platform\/failpoint\.ts$/.test(file),
  )
  const found = files.flatMap((file) =>
    [...readFileSync(join(server, file), 'utf8').matchAll(/\bfailpoint\('([^']*)'\)/g)].map(([, name]) => name!),
  )
  assert.deepEqual([...new Set(found)].sort(), [...failpoints].sort())
})

test('arming an unknown failpoint, or one without a count, is refused, and the error names it', () => {
  for (const text of [
    'no.such',
    'upload.created=0',
    'upload.created=x',
    'upload.created=-1',
    'upload.created,no.such',
    '',
    ',',
  ])
    assert.throws(() => armFailpoints(text), /no such failpoint/, text)
})
