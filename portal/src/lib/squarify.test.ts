import assert from 'node:assert/strict'
import { test } from 'node:test'
import { squarify } from './squarify.ts'

test('tiles have the areas of their values, do not overlap, and stay inside', () => {
  const values = [600, 300, 240, 60, 40, 20, 3, 1, 0]
  const tiles = squarify(values, (one) => one, 400, 200)
  assert.equal(tiles.length, 8)
  const whole = values.reduce((sum, one) => sum + one, 0)
  for (const { one, x, y, width, height } of tiles) {
    assert.ok(Math.abs(width * height - (one / whole) * 400 * 200) < 0.01)
    assert.ok(x >= 0 && y >= 0 && x + width <= 400.01 && y + height <= 200.01)
  }
  for (const [at, a] of tiles.entries())
    for (const b of tiles.slice(at + 1)) {
      const beside = a.x + a.width <= b.x + 0.01 || b.x + b.width <= a.x + 0.01
      assert.ok(beside || a.y + a.height <= b.y + 0.01 || b.y + b.height <= a.y + 0.01)
    }
})

test('large tiles are nearly square, and nothing gives no tile', () => {
  const [first] = squarify([6, 6, 4, 3, 2, 2, 1], (one) => one, 6, 4)
  assert.ok(first!.width / first!.height < 1.6)
  assert.deepEqual(
    squarify([0, 0], (one) => one, 10, 10),
    [],
  )
  assert.deepEqual(
    squarify([] as number[], (one) => one, 10, 10),
    [],
  )
})
