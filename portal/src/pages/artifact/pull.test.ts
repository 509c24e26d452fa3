import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandsFor, toolsFor, type Tool } from './pull.ts'

const image = { name: 'registry.example.com/team/apps/web', reference: ':1.0', type: 'IMAGE', user: 'dora' }
const digest = `@sha256:${'a'.repeat(64)}`

test('each tool gets its own commands, and signs in where that is needed', () => {
  const expected: Partial<Record<Tool, string>> = {
    docker: 'docker login registry.example.com --username dora\ndocker pull registry.example.com/team/apps/web:1.0',
    podman: 'podman login registry.example.com --username dora\npodman pull registry.example.com/team/apps/web:1.0',
    nerdctl: 'nerdctl login registry.example.com --username dora\nnerdctl pull registry.example.com/team/apps/web:1.0',
    containerd: 'ctr images pull --user dora registry.example.com/team/apps/web:1.0',
    skopeo:
      'skopeo login registry.example.com --username dora\n' +
      'skopeo copy docker://registry.example.com/team/apps/web:1.0 oci:./image',
    crane:
      'crane auth login registry.example.com --username dora\n' +
      'crane pull registry.example.com/team/apps/web:1.0 image.tar',
    oras:
      'oras login registry.example.com --username dora\n' +
      'oras copy registry.example.com/team/apps/web:1.0 --to-oci-layout ./image',
  }
  for (const [tool, commands] of Object.entries(expected)) assert.equal(commandsFor(tool as Tool, image), commands)
  assert.deepEqual(toolsFor('IMAGE'), [...Object.keys(expected).slice(0, 4), 'kubernetes', 'skopeo', 'crane', 'oras'])
})

test('what is public is pulled without signing in, and a digest stands in place of the tag', () => {
  const open = { ...image, user: undefined, reference: digest }
  for (const tool of toolsFor('IMAGE')) {
    const commands = commandsFor(tool, open)
    assert.ok(commands.includes(`${image.name}${digest}`), tool)
    assert.doesNotMatch(commands, /login|--user|Secret/, tool)
  }
})

test('Helm takes a tag as a version, and a digest in the name', () => {
  const chart = { name: 'registry.example.com/team/charts/web', reference: ':1.4.0', type: 'CHART', user: undefined }
  assert.equal(commandsFor('helm', chart).split('\n')[0], `helm pull oci://${chart.name} --version 1.4.0`)
  assert.equal(
    commandsFor('helm', { ...chart, reference: digest }).split('\n')[0],
    `helm pull oci://${chart.name}${digest}`,
  )
  assert.equal(toolsFor('CHART')[0], 'helm')
  assert.equal(toolsFor('CNAI')[0], 'oras')
})

test('a pod of a private image names the secret that its comment makes', () => {
  const pod = commandsFor('kubernetes', image)
  assert.match(pod, /^# kubectl create secret docker-registry team --docker-server=registry\.example\.com \\$/m)
  assert.match(pod, /imagePullSecrets:\n {4}- name: team\n/)
  assert.match(pod, /image: registry\.example\.com\/team\/apps\/web:1\.0$/)
})

test('a name with signs of a shell is quoted', () => {
  const commands = commandsFor('docker', { ...image, user: "robot$team+o'neil" })
  assert.equal(commands.split('\n')[0], String.raw`docker login registry.example.com --username 'robot$team+o'\''neil'`)
})
