/** Orders of versions beside the answers of the ecosystem's own code, which answers/*.txt keep. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { compareMaven } from './maven.ts'
import { compareNuget } from './nuget.ts'
import type { VersionOrder } from './order.ts'

const signs = new Map([
  [-1, '<'],
  [0, '='],
  [1, '>'],
])

function answer(order: VersionOrder, a: string, b: string): string {
  const differs = order(a, b)
  return differs === undefined ? 'x' : signs.get(Math.sign(differs) + 0)!
}

/** Lines of a version and one sign for itself and each version below it. */
async function read(name: string): Promise<{ version: string; signs: string }[]> {
  const text = await readFile(new URL(`answers/${name}.txt`, import.meta.url), 'utf8')
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return lines.map((line) => {
    const [version = '', signsOfLine = ''] = line.split(' ')
    return { version, signs: signsOfLine }
  })
}

for (const [name, order, pairs] of [
  ['maven', compareMaven, 9730],
  ['nuget', compareNuget, 5671],
] as const) {
  test(`${name}: ${pairs} pairs of versions are ordered as the ecosystem's own code orders them`, async () => {
    const all = await read(name)
    let compared = 0
    for (const [row, { version, signs: kept }] of all.entries()) {
      const others = all.slice(row).map((one) => one.version)
      assert.equal(others.map((other) => answer(order, version, other)).join(''), kept, version)
      const mirrored = kept.replaceAll(/[<>]/g, (sign) => (sign === '<' ? '>' : '<'))
      assert.equal(others.map((other) => answer(order, other, version)).join(''), mirrored, version)
      compared += others.length
    }
    assert.equal(compared, pairs)
  })
}

test('long and deep versions of Maven are compared without a deep stack', () => {
  const deep = '1-'.repeat(20_000)
  assert.ok(compareMaven(`${deep}1`, `${deep}2`)! < 0)
  assert.ok(compareMaven(`${deep}1`, '1')! > 0)
})
