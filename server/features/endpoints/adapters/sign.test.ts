import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hmac, sha256, signForAlibaba, signForAws, signForHuawei, signForTencent, signForVolcengine } from './sign.ts'

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

test('signatures are those of the worked examples of Tencent Cloud, Volcano Engine and Huawei Cloud', () => {
  // Tencent Cloud's "Signature v3", whose SecretKey is as many stars as it is printed with.
  const tencent = signForTencent(
    {
      method: 'POST',
      url: 'https://cvm.tencentcloudapi.com/',
      headers: { 'content-type': 'application/json; charset=utf-8', 'x-tc-action': 'DescribeInstances' },
      body: String.raw`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`,
    },
    { id: 'AKID', secret: '*'.repeat(32) },
    'cvm',
    new Date('2019-02-25T16:44:25Z'),
  )
  assert.equal(hexEnd(tencent.authorization), '10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f')
  // Volcano Engine's "Signature process demo".
  const volcengine = signForVolcengine(
    {
      method: 'GET',
      url: 'https://iam.volcengineapi.com/?Action=ListUsers&Version=2018-01-01&Limit=10&Offset=0',
      headers: {},
      body: '',
    },
    { id: 'AKLT', secret: 'WkRZeE1EQmxPVGhsWWpWak5HVmtNbUUxTXpZeU9UVXlOMlE1TmpZeVlqTQ==' },
    { service: 'iam', region: 'cn-beijing' },
    new Date('2024-06-19T07:13:06Z'),
  )
  assert.equal(hexEnd(volcengine.authorization), 'e31c4558bcfe08a286001f59cedbf0791ffd0b2362f10e55ee2627467bcdde93')
  // The example of "API request signing guide", whose key stands whole in the unit tests of Huawei Cloud's Java SDK.
  const huawei = signForHuawei(
    huaweiList('/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0'),
    huaweiKeys,
    huaweiTime,
  )
  assert.equal(hexEnd(huawei.authorization), '7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe')
})

const huaweiKeys = { id: 'QTWAOYTTINDUT2QVKYUC', secret: 'MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc' }
const huaweiTime = new Date('2019-11-15T03:36:55Z')
const huaweiList = (path: string) => ({
  method: 'GET',
  url: `https://service.region.example.com${path}`,
  headers: { 'content-type': 'application/json' },
  body: '',
})

test('Huawei Cloud signs the path escaped: the dollar sign in the name of a repository, too', () => {
  const signatureOf = (path: string) => hexEnd(signForHuawei(huaweiList(path), huaweiKeys, huaweiTime).authorization)
  const canonical = 'GET\n/v2/manage/namespaces/n/repos/a%24b/tags/\n\n'
  const headers = 'content-type:application/json\nhost:service.region.example.com\nx-sdk-date:20191115T033655Z\n'
  const text = `${canonical}${headers}\ncontent-type;host;x-sdk-date\n${sha256('')}`
  const wanted = hmac(huaweiKeys.secret, `SDK-HMAC-SHA256\n20191115T033655Z\n${sha256(text)}`).toString('hex')
  for (const path of ['/v2/manage/namespaces/n/repos/a$b/tags', '/v2/manage/namespaces/n/repos/a%24b/tags'])
    assert.equal(signatureOf(path), wanted)
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
      form('HMAC-SHA256 Credential=ID/20260131/cn-north-1/cr/request', 'x-date;x-tc-action'),
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
