import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clients, guideFor, upstreamOf } from './clients.ts'

const hub = {
  url: 'https://registry.example.com',
  host: 'registry.example.com',
  project: 'hub',
  upstream: upstreamOf('docker-hub', 'https://hub.docker.com'),
  image: 'nginx:1.27',
}

test('each client gets what the page of the documentation says', () => {
  const texts = Object.fromEntries(clients.map((one) => [one, guideFor(one, hub)]))
  assert.deepEqual(texts['docker'], { text: 'docker pull registry.example.com/hub/nginx:1.27' })
  assert.deepEqual(texts['podman'], {
    path: '/etc/containers/registries.conf.d/hub.conf',
    text: [
      '[[registry]]',
      'prefix = "docker.io"',
      'location = "docker.io"',
      '',
      '[[registry.mirror]]',
      'location = "registry.example.com/hub"',
    ].join('\n'),
  })
  assert.equal(texts['containerd']!.path, '/etc/containerd/certs.d/docker.io/hosts.toml')
  assert.match(texts['containerd']!.text, /^server = "https:\/\/registry-1\.docker\.io"$/m)
  assert.match(texts['containerd']!.text, /^\[host\."https:\/\/registry\.example\.com\/v2\/hub"\]$/m)
  assert.match(texts['k3s']!.text, /^ {6}"\^\(\.\*\)\$": "hub\/\$1"$/m)
})

test('another registry is named by its own host; without TLS podman has to be told', () => {
  const upstream = upstreamOf('docker-registry', 'http://127.0.0.1:5000')
  assert.deepEqual(upstream, { host: '127.0.0.1:5000', server: 'http://127.0.0.1:5000' })
  const { text } = guideFor('podman', { ...hub, url: 'http://localhost:8080', host: 'localhost:8080', upstream })
  assert.match(text, /^insecure = true$/m)
})
