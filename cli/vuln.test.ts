/** `marina vulndb`, `marina vuln` and `marina packages`, against a real server. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fresh, givenProject } from '../server/testing/given.ts'
import { pushLayers, type LayerFile } from '../server/testing/layers.ts'
import { openCliScene } from './scene.suite.ts'

const { marina, cli, good, json } = await openCliScene()
const npmLayer = (name: string, version: string): LayerFile[] => [
  [`app/node_modules/${name}/package.json`, JSON.stringify({ name, version })],
]
const record = (id: string, name: string, fixed: string, severity: string) => ({
  id,
  modified: new Date().toISOString(),
  database_specific: { severity },
  affected: [
    { package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }] },
  ],
})

test('a folder becomes the database, and an image is judged by it', async () => {
  const project = (await givenProject(marina)).name
  await pushLayers(marina, `${project}/app`, [npmLayer('left-pad', '1.1.0')], { tag: 'v1' })
  assert.match(await good('vulndb', 'status'), /none/)
  const unknown = await cli.run(['vuln', `${project}/app:v1`, '--fail-on', 'critical'])
  assert.equal(unknown.code, 1, unknown.stderr)
  assert.match(unknown.stderr, /no proof: no database/)
  assert.equal((await cli.run(['vuln', `${project}/app:v1`, '--fail-on', 'low', '--allow-unknown'])).code, 0)

  const folder = join(cli.configDir, 'records', 'npm')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'one.json'), JSON.stringify(record('CVE-2026-1234', 'left-pad', '1.3.0', 'HIGH')))
  await writeFile(join(cli.configDir, 'epss.csv'), 'cve,epss,percentile\nCVE-2026-1234,0.5,0.9\n')
  const to = `${project}/${fresh('vulndb')}:latest`
  assert.match(
    await good('vulndb', 'import', 'records', 'epss.csv', '--to', to),
    /^1 advisories on 1 packages are in use/,
  )
  assert.match(await good('vulndb', 'status'), /npm \(1\)/)
  assert.equal((await json<object[]>('vulndb', 'list')).length, 1)
  assert.match(await good('vulndb', 'import', to), /^1 advisories/)

  const shown = await good('vuln', `${project}/app:v1`)
  assert.match(shown, /High +CVE-2026-1234 +left-pad +1\.1\.0 +1\.3\.0 .*50\.0 %/)
  const judged = await cli.run(['vuln', `${project}/app:v1`, '--fail-on', 'high'])
  assert.deepEqual(
    [judged.code, /1 vulnerability as bad as high or worse/.test(judged.stderr)],
    [1, true],
    judged.stderr,
  )
  assert.equal((await cli.run(['vuln', `${project}/app:v1`, '--fail-on', 'critical'])).code, 0)
  const { vulnerabilities } = await json<{ vulnerabilities: { id: string }[] }>('vuln', `${project}/app:v1`)
  assert.deepEqual(
    vulnerabilities.map(({ id }) => id),
    ['CVE-2026-1234'],
  )

  assert.match(await good('packages', 'left-pad', '<1.3'), /CVE-2026-1234/)
  assert.equal(
    await good('packages', 'CVE-2026-1234', '-o', 'name'),
    await good('packages', 'pkg:npm/left-pad', '-o', 'name'),
  )
  assert.equal(await good('packages', 'left-pad', '>=1.3'), '')
  assert.match(await good('vulndb', 'schedule', 'daily', '--source', to), /is imported daily/)
  assert.match(await good('vulndb', 'schedule'), new RegExp(to))
  await good('vulndb', 'schedule', 'none', '--source', to)
  await good('vulndb', 'delete', '--yes')
  assert.match(await good('vulndb', 'status'), /none/)
})

test('what cannot be imported is told of with the reason, and the command line is checked', async () => {
  const project = (await givenProject(marina)).name
  await writeFile(join(cli.configDir, 'words.json'), '{}')
  const failed = await cli.run(['vulndb', 'import', 'words.json', '--to', `${project}/vulndb:latest`])
  assert.equal(failed.code, 1)
  assert.match(failed.stderr, /no record in it names packages/)
  for (const words of [
    ['vulndb', 'import', 'nothing.zip'],
    ['vulndb', 'import', 'words.json', 'nothing.zip'],
    ['vulndb', 'import', 'words.json', '--to', project],
    ['vuln', `${project}/app`],
    ['vuln', `${project}/app:v1`, '--allow-unknown'],
    ['vuln', `${project}/app:v1`, '--fail-on', 'bad'],
  ])
    assert.equal((await cli.run(words)).code, 2, words.join(' '))
})
