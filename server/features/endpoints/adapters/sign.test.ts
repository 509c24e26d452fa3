import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signForAlibaba, signForAws, signForHuawei, signForTencent, signForVolcengine } from './sign.ts'

const hexEnd = (authorization: string) => /Signature=([0-9a-f]{64})$/.exec(authorization)?.[1]

test('signatures are those of the published examples of AWS and Alibaba Cloud', () => {
  const aws = signForAws(
    { method: 'GET', url: 'https://example.amazonaws.com/', headers: {}, body: '' },
    { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
    { service: 'service', region: 'us-east-1' },
    new Date('2015-08-30T12:36:00Z'),
  )
  assert.equal(hexEnd(aws.authorization), '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31')
  const image = 'win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd'
  const alibaba = signForAlibaba(
    {
      method: 'POST',
      url: `https://ecs.cn-shanghai.aliyuncs.com/?ImageId=${image}&RegionId=cn-shanghai`,
      headers: { 'x-acs-action': 'RunInstances', 'x-acs-version': '2014-05-26' },
      body: '',
    },
    { id: 'YourAccessKeyId', secret: 'YourAccessKeySecret' },
    '3156853299f313e23d1673dc12e1703d',
    new Date('2023-10-26T10:22:32Z'),
  )
  assert.equal(hexEnd(alibaba.authorization), '06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0')
})

const form = (begin: string, names: string) =>
  new RegExp(`^${begin}, SignedHeaders=content-type;host;${names}, Signature=[0-9a-f]{64}$`)

test('each vendor’s signature has its own form, and depends on key, time, body and headers', () => {
  const request = {
    method: 'POST',
    url: 'https://api.example/a?x=1&b=%20',
    headers: { 'content-type': 'application/json', 'x-tc-action': 'ListTags' },
    body: '{}',
  }
  const keys = { id: 'ID', secret: 'secret' }
  const at = new Date('2026-01-31T23:59:59Z')
  const place = { service: 'cr', region: 'cn-north-1' }
  const forms: [(with_: typeof request, secret: string, at: Date) => string, RegExp][] = [
    [
      (one, secret, time) => signForVolcengine(one, { ...keys, secret }, place, time).authorization,
      form('HMAC-SHA256 Credential=ID/20260131/cn-north-1/cr/request', 'x-content-sha256;x-date;x-tc-action'),
    ],
    [
      (one, secret, time) => signForTencent(one, { ...keys, secret }, 'tcr', time).authorization,
      form('TC3-HMAC-SHA256 Credential=ID/2026-01-31/tcr/tc3_request', 'x-tc-action'),
    ],
    [
      (one, secret, time) => signForHuawei(one, { ...keys, secret }, time).authorization,
      form('SDK-HMAC-SHA256 Access=ID', 'x-sdk-date;x-tc-action'),
    ],
  ]
  for (const [sign, wanted] of forms) {
    const first = sign(request, 'secret', at)
    assert.match(first, wanted)
    assert.equal(sign(request, 'secret', at), first)
    const others = [
      sign(request, 'other', at),
      sign(request, 'secret', new Date(at.getTime() + 1000)),
      sign({ ...request, body: '{"a":1}' }, 'secret', at),
      sign({ ...request, url: 'https://api.example/a?x=2' }, 'secret', at),
      sign({ ...request, headers: { ...request.headers, 'content-type': 'text/plain' } }, 'secret', at),
    ]
    assert.equal(new Set([first, ...others]).size, 6)
  }
})
