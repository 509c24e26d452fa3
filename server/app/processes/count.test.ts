import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { mergeConfig } from '../../config/env.ts'
import { poolSizeOf, settingsOfOne } from './count.ts'

const configOf = (pool?: string) => mergeConfig(pool === undefined ? {} : { MARINA_DATABASE_POOL: pool }).config

test('the connections to the database follow the cores, from 8 to 20, unless they are set', () => {
  assert.equal(poolSizeOf(configOf()), Math.min(20, Math.max(8, 4 * availableParallelism())))
  assert.equal(poolSizeOf(configOf('7')), 7)
})

test('processes share them, and each has four at least', () => {
  const sizes = (
    [
      ['20', 2],
      ['20', 8],
      ['3', 2],
    ] as const
  ).map(([pool, most]) => {
    const { database, metrics } = settingsOfOne(configOf(pool), most, 'postgresql://localhost/marina')
    assert.equal(metrics.port, 'off')
    return database.poolSize
  })
  assert.deepEqual(sizes, [10, 4, 3])
})
