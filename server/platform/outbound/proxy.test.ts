import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proxyFor } from './proxy.ts'

const proxies = { https: 'http://proxy.example:3128', http: 'http://proxy.example:8080' }
const isDirect = (no: string) => (url: string) => proxyFor(new URL(url), { ...proxies, no }) === undefined

test('each scheme has its own proxy, or none', () => {
  assert.equal(proxyFor(new URL('https://a.example/'), proxies), proxies.https)
  assert.equal(proxyFor(new URL('http://a.example/'), proxies), proxies.http)
  assert.equal(proxyFor(new URL('https://a.example/'), { http: proxies.http }), undefined)
  assert.equal(proxyFor(new URL('https://a.example/'), { https: '' }), undefined)
})

test('NO_PROXY takes hosts, domains with and without a dot, addresses, ranges, ports, and * for everything', () => {
  const table: [string, string[], string[]][] = [
    ['a.example', ['https://a.example/', 'https://A.example/', 'https://b.a.example/'], ['https://aa.example/']],
    ['.a.example', ['https://a.example/', 'https://b.a.example/'], ['https://xa.example/']],
    ['*.a.example', ['https://b.a.example/'], ['https://xa.example/']],
    ['a.example:8443', ['https://a.example:8443/'], ['https://a.example/']],
    ['a.example:443', ['https://a.example/'], ['http://a.example/']],
    ['x.example, 10.0.0.0/8', ['https://10.1.2.3/', 'http://x.example/'], ['https://11.0.0.1/']],
    ['x.example y.example', ['http://x.example/', 'http://y.example/'], ['http://z.example/']],
    ['192.0.2.1,::1', ['http://192.0.2.1:8080/', 'http://[::1]/'], ['http://192.0.2.2/', 'http://[::2]/']],
    ['*', ['https://a.example/', 'http://10.0.0.1/'], []],
    ['', [], ['https://a.example/']],
  ]
  for (const [no, excepted, proxied] of table) {
    assert.deepEqual([excepted.filter((url) => !isDirect(no)(url)), proxied.filter(isDirect(no))], [[], []], no)
  }
})
