import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes, duration, flag, integer, line, list, oneOf, showBytes, showDuration, url } from './units.ts'

test('sizes take binary and decimal units, and bytes alone', () => {
  const parse = bytes(0, 2 ** 50)
  for (const [text, value] of [
    ['0', 0],
    ['1000', 1000],
    ['4MiB', 4 * 2 ** 20],
    ['512 KiB', 2 ** 19],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['2GB', 2e9],
    ['1kb', 1000],
    ['7B', 7],
    [' 8 ', 8],
    ['1TiB', 2 ** 40],
  ] as const)
    assert.equal(parse(text), value, text)
  for (const text of ['', '-1', '1 MB extra', '1e3', 'MiB', '1XB', '1,5MB', '0x10', 'NaN', 'Infinity'])
    assert.throws(() => parse(text), /must be a size/, text)
  assert.throws(() => bytes(10, 20)('9'), /from 10B to 20B/)
  assert.throws(() => bytes(10, 20)('21'), /from 10B to 20B/)
})

test('times need a unit', () => {
  const parse = duration(0, 400 * 86_400_000)
  for (const [text, value] of [
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['168h', 604_800_000],
    ['7d', 604_800_000],
    ['1.5h', 5_400_000],
    ['0s', 0],
    ['0', 0],
  ] as const)
    assert.equal(parse(text), value, text)
  for (const text of ['', '30', '5 minutes', '-1s', '1w', '1S', 's'])
    assert.throws(() => parse(text), /must be a time/, text)
})

test('a size or a time that is shown can be read back', () => {
  for (const value of [0, 1, 1023, 1024, 5 * 2 ** 20, 2 ** 40, 1_000_000])
    assert.equal(bytes(0, 2 ** 50)(showBytes(value)), value)
  for (const value of [0, 1, 999, 1000, 90_000, 3_600_000, 604_800_000])
    assert.equal(duration(0, 1e12)(showDuration(value)), value)
})

test('numbers, flags, choices, lines, URLs and lists say what they allow', () => {
  assert.equal(integer(1, 5)(' 3 '), 3)
  for (const text of ['0', '6', '1.5', 'x', '', '1e1', '+1'])
    assert.throws(() => integer(1, 5)(text), /whole number from 1 to 5/)
  assert.deepEqual([flag('true'), flag('FALSE')], [true, false])
  for (const text of ['yes', '1', '']) assert.throws(() => flag(text), /true or false/)
  assert.equal(oneOf('a', 'b')('b'), 'b')
  assert.throws(() => oneOf('a', 'b', 'c')('d'), /must be a, b or c/)
  assert.equal(line(' x '), 'x')
  for (const text of ['', ' ', 'a\nb', 'a\0']) assert.throws(() => line(text), /one line/)
  assert.equal(url('https')('https://a.example/'), 'https://a.example')
  for (const text of ['http://a', 'a.example', '', '//a']) assert.throws(() => url('https')(text), /https:\/\//)
  assert.deepEqual(list(integer(0, 9))('1, 2,,3'), [1, 2, 3])
  assert.deepEqual(list(integer(0, 9))(''), [])
})
