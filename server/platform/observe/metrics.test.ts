import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMetrics } from './metrics.ts'

test('figures that cannot be read are absent for as long, and all others stay on the page', async () => {
  const metrics = openMetrics()
  let isBroken = false
  metrics.gauges('marina_things', 'things of a kind', ['kind'], async () => {
    if (isBroken) throw new Error('the database cannot be reached')
    return [{ labels: ['a'], value: 3 }]
  })
  const page = () => metrics.registry.metrics()
  assert.match(await page(), /marina_things\{kind="a"\} 3/)
  isBroken = true
  const without = await page()
  assert.doesNotMatch(without, /marina_things\{/)
  assert.match(without, /marina_process_cpu_seconds_total/)
  isBroken = false
  assert.match(await page(), /marina_things\{kind="a"\} 3/)
})
