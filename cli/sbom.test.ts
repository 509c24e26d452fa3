/** `marina sbom`, against a real server. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openCommandLine, type CommandLine } from '../server/testing/command-line.ts'
import { fresh, givenProject, pushImage, pushIndex } from '../server/testing/given.ts'
import { pushLayers, type LayerFile } from '../server/testing/layers.ts'
import { openTestMarina } from '../server/testing/server.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
let cli: CommandLine
before(async () => {
  cli = await openCommandLine({
    MARINA_CLI_URL: marina.url,
    MARINA_CLI_USERNAME: marina.admin.name,
    MARINA_CLI_PASSWORD: marina.admin.password,
  })
})
after(() => cli[Symbol.asyncDispose]())

const npmLayer = (name: string): LayerFile[] => [
  [`app/node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0' })],
]

test('an SBOM is made when there is none, and printed in the form that is asked for', async () => {
  const name = `${(await givenProject(marina)).name}/${fresh('app')}`
  await pushLayers(marina, name, [npmLayer('left-pad')], { tag: 'v1' })
  const made = await cli.run(['sbom', `${name}:v1`])
  assert.equal(made.code, 0, made.stderr)
  assert.match(made.stderr, /^sbom pending\n|^sbom running\n|^sbom success\n/)
  const spdx = JSON.parse(made.stdout) as { spdxVersion: string; packages: { name: string }[] }
  assert.deepEqual([spdx.spdxVersion, spdx.packages.at(-1)!.name], ['SPDX-2.3', 'left-pad'])
  const known = await cli.run(['sbom', `${name}:v1`, '--format', 'cyclonedx'])
  assert.deepEqual([known.code, known.stderr], [0, ''])
  assert.match(known.stdout, /^\{"bomFormat":"CycloneDX","specVersion":"1\.6"/)
})

test('of an index the platform says which image', async () => {
  const name = `${(await givenProject(marina)).name}/${fresh('app')}`
  const images = [
    await pushLayers(marina, name, [npmLayer('a')]),
    await pushLayers(marina, name, [npmLayer('b')], { config: { architecture: 'arm64' } }),
  ]
  const manifests = images.map(({ descriptor }, index) => ({
    ...descriptor,
    platform: { os: 'linux', architecture: ['amd64', 'arm64'][index] },
  }))
  await pushIndex(marina, name, images, { tag: 'all', more: { manifests } })
  const arm = await cli.run(['sbom', `${name}:all`, '--platform', 'linux/arm64'])
  assert.equal(arm.code, 0, arm.stderr)
  assert.match(arm.stdout, /"pkg:npm\/b@1\.0\.0"/)
  const several = await cli.run(['sbom', `${name}:all`])
  assert.equal(several.code, 2)
  assert.match(several.stderr, /--platform with one of linux\/amd64, linux\/arm64/)
  assert.equal((await cli.run(['sbom', `${name}:all`, '--platform', 'linux/s390x'])).code, 4)
})

test('an image that cannot be read is told of with the reason', async () => {
  const name = `${(await givenProject(marina)).name}/${fresh('app')}`
  await pushImage(marina, name, { tag: 'noise' })
  const { code, stdout, stderr } = await cli.run(['sbom', `${name}:noise`])
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /no SBOM was made of .*: failed: a layer is no archive that can be read/)
  assert.equal((await cli.run(['sbom', `${name}:absent`])).code, 4)
})
