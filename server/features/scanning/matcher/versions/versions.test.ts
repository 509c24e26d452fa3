import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { compareApk } from './apk.ts'
import { compareComposer } from './composer.ts'
import { compareDeb } from './deb.ts'
import { compareGem } from './gem.ts'
import { compareMaven } from './maven.ts'
import { compareNuget } from './nuget.ts'
import { compareSemver, orderOf, type VersionOrder } from './order.ts'
import { compareRpm } from './rpm.ts'

const run = promisify(execFile)

/** All pairs of a list, each way round and each with itself. */
const pairsOf = (versions: string[]): [string, string][] =>
  versions.flatMap((one) => versions.map((other): [string, string] => [one, other]))
const signOf = (order: VersionOrder, [a, b]: [string, string]): number => Math.sign(order(a, b)!) + 0

/** The list is in its order, the earliest first; those of one line are the same. */
function inOrder(order: VersionOrder, lines: string[][]): void {
  lines.forEach((line, at) => {
    for (const one of line) {
      for (const same of line) assert.equal(order(one, same), 0, `${one} = ${same}`)
      for (const [next] of lines.slice(at + 1).map((later) => [later]))
        for (const other of next!) {
          assert.ok(order(one, other)! < 0, `${one} < ${other}`)
          assert.ok(order(other, one)! > 0, `${other} > ${one}`)
        }
    }
  })
}

test('Debian: versions come in the order of dpkg', async () => {
  const versions = (
    '0 1 1.0 1.0-0 1.0-1 1.0-1.1 01.0-1 1.0~rc1-1 1.0~~-1 1.0~ 1.0+dfsg-1 1.0a-1 1.0.1-1 1.10-1 ' +
    '1:0.1 2:0 2.36-9+deb12u9 2.36-9+deb12u14 2.36-9+deb12u14~bpo1 9999999999999999999999 1.0-1-2 ' +
    '1.0-1+b1 1.0-1build1 1.0-1ubuntu0.1'
  ).split(' ')
  const pairs = pairsOf(versions).filter(([a, b]) => a <= b)
  const script = pairs.map(
    ([a, b]) =>
      `if dpkg --compare-versions '${a}' lt '${b}'; then echo lt; ` +
      `elif dpkg --compare-versions '${a}' eq '${b}'; then echo eq; else echo gt; fi`,
  )
  const { stdout } = await run('sh', ['-c', script.join('\n')])
  const said = stdout
    .trim()
    .split('\n')
    .map((word) => ['lt', 'eq', 'gt'].indexOf(word) - 1)
  assert.deepEqual(
    pairs.map((pair) => [pair, signOf(compareDeb, pair)]),
    pairs.map((pair, at) => [pair, said[at]]),
  )
  assert.equal(compareDeb('', '1'), undefined)
  assert.equal(compareDeb('1 0', '1'), undefined)
})

test('rpm: versions come in the order of rpm', async () => {
  const versions = (
    '1.0-1 1.0-2 1.0-10 1.0~rc1-1 1.0^git1-1 1.0^-1 1.0.1-1 1.0a-1 1.0_1-1 1..0-1 001.0-1 1:1.0-1 ' +
    '0:1.0-1 2:0.1-1 1.0-1.el9 1.0-1.el9_4.2 1.0-1.el9_4.10 5.14.0-427.el9 1.0~~-1 1.0~^-1 ' +
    '1.0^20240101git-1 fc4-1 10xyz-1 xyz10-1 99999999999999999999-1'
  ).split(' ')
  const pairs = pairsOf(versions)
  const list = pairs.map(([a, b]) => `{"${a}","${b}"}`).join(',')
  const { stdout } = await run('rpm', [
    '--eval',
    `%{lua: for _, p in ipairs({${list}}) do print(rpm.vercmp(p[1], p[2]), " ") end}`,
  ])
  const said = stdout.trim().split(/\s+/).map(Number)
  assert.deepEqual(
    pairs.map((pair) => [pair, signOf(compareRpm, pair)]),
    pairs.map((pair, at) => [pair, said[at]]),
  )
  assert.equal(compareRpm('', '1'), undefined)
})

test('Alpine: suffixes, letters, fractions and revisions have their places', () => {
  inOrder(compareApk, [
    ['1.0_alpha'],
    ['1.0_alpha2'],
    ['1.0_beta'],
    ['1.0_pre1'],
    ['1.0_rc1'],
    ['1.0_rc1-r1'],
    ['1.0'],
    ['1.0-r0', '1.0-r00'],
    ['1.0-r1'],
    ['1.0-r10'],
    ['1.0_git20240101'],
    ['1.0_p1'],
    ['1.0_p1-r1'],
    ['1.0a'],
    ['1.0b'],
    ['1.0.1'],
    ['1.05'],
    ['1.1'],
    ['1.2'],
    ['1.10', '01.10'],
    ['3.0.12-r4'],
    ['10'],
  ])
  for (const none of ['', '1.0-1', '1.0_foo', 'a', '1.0.0.']) assert.equal(compareApk(none, '1'), undefined, none)
})

test('Maven: the examples of the POM reference have the places that it gives them', () => {
  inOrder(compareMaven, [
    ['1-alpha1', '1-a1', '1alpha1'],
    ['1-alpha2'],
    ['1-beta'],
    ['1-milestone1', '1-m1'],
    ['1-rc', '1-cr', '1.0.0-RC'],
    ['1-SNAPSHOT', '1.0-snapshot'],
    ['1', '1.0', '1.0.0', '1-ga', '1.final', '1-0', '1.0.0-0.0.0', '1.release'],
    ['1-sp'],
    ['1-abc', '1.0-abc'],
    ['1-foo', '1.0.0-foo.0.0'],
    ['1-foo2'],
    ['1-foo10'],
    ['1-1'],
    ['1-2'],
    ['1.1', '1.01'],
    ['1.1.1'],
    ['1.2'],
    ['1.10'],
    ['2.0'],
    ['2.17.1'],
    ['10'],
    ['20040616'],
    ['99999999999999999999'],
  ])
  assert.equal(compareMaven('', '1'), undefined)
})

test('npm, crates.io and Go: Semantic Versioning, also as Go writes it', () => {
  inOrder(compareSemver, [
    ['0.0.0-20190308221718-c2843e01d9a2'],
    ['v0.0.0-20200622213623-75b288015ac9'],
    ['1.0.0-alpha'],
    ['1.0.0-alpha.1'],
    ['1.0.0-alpha.beta'],
    ['1.0.0-beta.2'],
    ['1.0.0-beta.11'],
    ['1.0.0-rc.1'],
    ['1.0.0', 'v1.0.0', '1.0.0+incompatible', 'go1'],
    ['1.22.0-0'],
    ['1.22rc1', 'go1.22rc1'],
    ['1.22', '1.22.0', 'go1.22'],
    ['1.22.1'],
  ])
  for (const none of ['', '(devel)', 'latest', '1.2.3.4']) assert.equal(compareSemver(none, '1.0.0'), undefined, none)
})

test('PyPI: PEP 440', () => {
  inOrder(orderOf('PyPI')!, [
    ['1.0.dev1'],
    ['1.0a1', '1.0.alpha1'],
    ['1.0b2'],
    ['1.0rc1', '1.0c1'],
    ['1.0', '1.0.0', 'v1.0'],
    ['1.0+local'],
    ['1.0.post1'],
    ['1.1.dev1'],
    ['1.1'],
    ['1!0.5'],
  ])
  assert.equal(orderOf('PyPI')!('no version', '1.0'), undefined)
})

test('RubyGems, Packagist and NuGet: words that mark versions to come', () => {
  inOrder(compareGem, [
    ['1.0.a', '1.a', '1.0.0.a', '1.a.0'],
    ['1.a.1'],
    ['1.0.a10'],
    ['1.0.b1'],
    ['1.0.pre.1', '1.0-1', '1.0.pre1'],
    ['1.0', '1', '1.0.0'],
    ['1.0.1'],
    ['1.10'],
  ])
  inOrder(compareComposer, [
    ['1.0-dev'],
    ['1.0.0-alpha1', 'v1.0a1'],
    ['1.0-beta2'],
    ['1.0-RC1', '1.0.0rc1'],
    ['1.0', '1.0.0.0'],
    ['1.0-p1', '1.0pl1'],
    ['1.0.1'],
    ['1.10'],
  ])
  inOrder(compareNuget, [
    ['1.0.0-alpha'],
    ['1.0.0-Alpha.2'],
    ['1.0.0-alpha.10'],
    ['1.0.0-beta'],
    ['1.0', '1.0.0.0', '1.0.0+build'],
    ['1.0.0.1'],
    ['1.0.1'],
  ])
  for (const order of [compareGem, compareComposer, compareNuget]) assert.equal(order('dev-main', '1.0'), undefined)
})

test('an ecosystem that nobody knows has no order', () => {
  assert.equal(orderOf('Bitnami'), undefined)
  assert.equal(orderOf('Debian:12'), compareDeb)
})
