/** Tables, JSON, YAML and names; pages; colours and widths of a terminal. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { parse } from 'yaml'
import { callApi } from '../server/testing/api.ts'
import { openCommandLine, type CommandLine } from '../server/testing/command-line.ts'
import { givenProject } from '../server/testing/given.ts'
import { openTestMarina } from '../server/testing/server.ts'
import { count, cut, parseSize, size, tame, time, widthOf } from './lib/text.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const { admin } = marina
const many = 205
let cli: CommandLine
let project: string
before(async () => {
  const env = { MARINA_CLI_URL: marina.url, MARINA_CLI_USERNAME: admin.name, MARINA_CLI_PASSWORD: admin.password }
  cli = await openCommandLine(env)
  const { id, name } = await givenProject(marina)
  project = name
  const create = (body: object) =>
    callApi(marina, 'POST', '/labels', { as: admin, body: { scope: 'p', project_id: id, ...body } })
  for (let at = 0; at < many; at++) await create({ name: `label-${String(at).padStart(3, '0')}` })
  await create({ name: 'zz-odd', description: 'red \u001B[31m alert \u202E txt.exe', color: '#ff0000' })
  await create({ name: 'zz-wide', description: '漢字 are two columns wide' })
})
after(() => cli[Symbol.asyncDispose]())

const list = (...words: string[]) => cli.run(['labels', 'list', '--project', project, '--sort', 'name', ...words])

test('a list goes on through all pages, each row once', async () => {
  const { code, stdout, stderr } = await list('-o', 'name')
  const names = stdout.trimEnd().split('\n')
  assert.deepEqual(
    { code, stderr, rows: names.length, different: new Set(names).size },
    { code: 0, stderr: '', rows: many + 2, different: many + 2 },
  )
  assert.deepEqual(names, names.toSorted())
})

test('--limit cuts a list, and a remark on stderr says of how many', async () => {
  for (const limit of [1, 100, 101, 150]) {
    const { stdout, stderr } = await list('-o', 'name', '--limit', String(limit))
    assert.equal(stdout.trimEnd().split('\n').length, limit)
    assert.equal(stderr, `${limit} of ${many + 2} labels: --limit 0 shows all\n`)
  }
  const wrong = await list('--limit', 'all')
  assert.deepEqual([wrong.code, wrong.stdout], [2, ''])
})

test('JSON, YAML and names say the same, with every field of the API', async () => {
  const [json, yaml, names] = [await list('-o', 'json'), await list('-o', 'yaml'), await list('-o', 'name')]
  const rows = JSON.parse(json.stdout) as { name: string; creation_time: string }[]
  assert.deepEqual(parse(yaml.stdout), rows)
  assert.equal(names.stdout, rows.map(({ name }) => `${name}\n`).join(''))
  assert.match(rows[0]!.creation_time, /^\d{4}-.*Z$/)
  const chosen = await cli.run(['labels', 'list', '--project', project, '--limit', '1'], {
    env: { MARINA_CLI_OUTPUT: 'name' },
  })
  assert.match(chosen.stdout, /^label-/)
  assert.equal((await list('-o', 'xml')).code, 2)
})

test('an empty list is an empty answer and a remark', async () => {
  const empty = (format: string) => list('-q', 'name=nothing', '-o', format)
  assert.deepEqual(await empty('table'), { code: 0, stdout: '', stderr: 'no labels\n' })
  assert.deepEqual(await empty('name'), { code: 0, stdout: '', stderr: '' })
  assert.deepEqual(await empty('json'), { code: 0, stdout: '[]\n', stderr: '' })
})

test('text that others have chosen cannot colour, move or reverse what a terminal shows', async () => {
  const { stdout } = await list('-q', 'name=zz-odd')
  assert.match(stdout, /red \uFFFD\[31m alert \uFFFD txt\.exe/)
})

suite('at a terminal', () => {
  const show = (columns: number, env: NodeJS.ProcessEnv = {}) =>
    cli.atTerminal(['labels', 'list', '--project', project, '-q', 'name=~zz'], [], { columns, env })

  test('headings are bold; NO_COLOR and a dumb terminal have no colours', async () => {
    const { output } = await show(120)
    assert.ok(output.startsWith('\u001B[1mNAME'), output)
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      const plain = await show(120, env)
      assert.equal(plain.output, stripVTControlCharacters(plain.output))
    }
  })

  test('a narrow terminal cuts long cells with an ellipsis, and columns stay aligned', async () => {
    const { output } = await show(60, { NO_COLOR: '1' })
    const lines = output.trimEnd().split('\n')
    for (const line of lines) assert.ok(widthOf(line) <= 60, `${widthOf(line)} columns: ${line}`)
    assert.ok(output.includes('…'), output)
    const at = lines[0]!.indexOf('CHANGED')
    for (const line of lines.slice(1)) {
      const before = line.slice(0, line.lastIndexOf('20'))
      assert.match(line, /\d{4}-\d\d-\d\d \d\d:\d\d$/)
      assert.ok(widthOf(before) >= at, line)
    }
  })
})

test('sizes are written and read in units of 1024', () => {
  assert.deepEqual([0, 1, 1023, 1024, 1536, 1048575, 5 * 1024 ** 3, 150 * 1024 ** 2].map(size), [
    '0 B',
    '1 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '1024 KiB',
    '5.0 GiB',
    '150 MiB',
  ])
  const read = { '0': 0, '10': 10, '1KiB': 1024, '1.5 GB': 1610612736, '2T': 2 * 1024 ** 4, 'none': -1, '-1': -1 }
  for (const [text, bytes] of Object.entries(read)) assert.equal(parseSize(text), bytes, text)
  for (const text of ['', 'x', '5x', '-2', '1e9', '99999999P']) assert.equal(parseSize(text), undefined, text)
})

test('times, counts, widths and cuts', () => {
  assert.equal(time('0001-01-01T00:00:00.000Z'), 'never')
  assert.equal(time(undefined), 'never')
  assert.match(time('2026-11-30T06:48:17.000Z'), /^2026-(?:11-30|12-01|11-29) \d\d:\d\d$/)
  assert.deepEqual(
    [count(1, 'tag'), count(2, 'repository'), count(0, 'accessory'), count(2, 'key')],
    ['1 tag', '2 repositories', '0 accessories', '2 keys'],
  )
  assert.deepEqual([widthOf('abc'), widthOf('漢字'), widthOf('e\u0301'), widthOf('🚢')], [3, 4, 1, 2])
  assert.deepEqual([cut('abcdef', 4), cut('漢字漢字', 5), cut('abc', 3)], ['abc…', '漢字…', 'abc'])
  assert.equal(tame('a\tb\nc\u0007'), 'a b c\uFFFD')
})
