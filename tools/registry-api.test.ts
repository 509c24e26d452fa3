import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { ociErrors } from '../oci/errors.ts'

const root = path.resolve(import.meta.dirname, '..')
const rows = readFileSync(path.join(root, 'docs/registry-api.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
  .map((line) =>
    line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.trim()),
  )

/** Codes that Marina does not answer with yet, or that no test can cause. The table says why. */
const untested = ['BLOB_UPLOAD_INVALID', 'DENIED', 'CONFLICT', 'PROJECTPOLICYVIOLATION']

test('every endpoint of the specification is in the table', () => {
  const ids = [
    '1',
    '2',
    '3',
    '4a',
    '4b',
    '4c',
    '5',
    '6',
    '7a',
    '7b',
    '8a',
    '8b',
    '9',
    '10',
    '11',
    '12a',
    '12b',
    '13',
    '14',
  ].map((id) => `end-${id}`)
  assert.deepEqual(
    rows.map(([id]) => id!).filter((id) => id.startsWith('end-')),
    ids,
  )
})

test('every error code is in the table with its status', () => {
  const told = rows
    .filter(([, code]) => Object.hasOwn(ociErrors, code!))
    .map(([, code, status]) => [code, Number(status)])
  assert.deepEqual(
    new Map(told as [string, number][]),
    new Map(Object.entries(ociErrors).map(([code, [status]]) => [code, status])),
  )
})

test('every row names a test that exists, in a file that exists', () => {
  const told = rows.slice(1).filter(([, code, , file]) => file !== 'file' && !untested.includes(code!))
  assert.ok(told.length > 35)
  for (const [id, , , file = '', name = ''] of told) {
    const text = readFileSync(path.join(root, file.replaceAll('`', '')), 'utf8').replaceAll("\\'", "'")
    assert.ok(text.includes(`\ntest('${name}', `), `${id}: ${file} has no test called: ${name}`)
  }
})
