import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeAuthority, makeClient } from '../../../testing/client-certificates.ts'
import { fieldsOf, type Fields } from './fields.ts'
import { parseCertificateRule, whoseIs } from './rules.ts'

const none: Fields = { cn: [], dns: [], email: [], uri: [], spiffe: [] }
const nameOf = (rule: string, fields: Partial<Fields>) =>
  whoseIs([parseCertificateRule(rule)], { ...none, ...fields })?.name

test('a star in a pattern meets one part, and stands for it in the name', () => {
  assert.equal(nameOf('cn:* => user:*', { cn: ['ann lee'] }), 'ann lee')
  assert.equal(nameOf('cn:svc-* => robot:robot$*', { cn: ['svc-ci'] }), 'robot$ci')
  assert.equal(nameOf('email:*@example.com => user:*', { email: ['ann@example.com'] }), 'ann')
  assert.equal(
    nameOf('email:*@example.com => user:*', { email: ['ann@evil@example.com', 'ann@example.com.evil'] }),
    undefined,
  )
  assert.equal(nameOf('dns:*.example => user:*', { dns: ['a.b.example', 'B.EXAMPLE'] }), 'B')
  assert.equal(nameOf('spiffe:spiffe://x/ns/*/sa/* => user:*', { spiffe: ['spiffe://x/ns/team/sa/ci'] }), 'team')
  assert.equal(nameOf('spiffe:spiffe://x/ns/* => user:*', { spiffe: ['spiffe://x/ns/team/sa/ci'] }), undefined)
  assert.equal(nameOf('cn:a.b => user:ann', { cn: ['aXb'] }), undefined)
  assert.equal(nameOf('cn:* => user:$&', { cn: ['x'] }), '$&')
  assert.equal(nameOf('cn:* => user:*', { cn: ['$&'] }), '$&')
})

test('names that try to look like others stay what they are', async () => {
  const authority = await makeAuthority('Names')
  const fields = async (subject: string, names?: string) =>
    fieldsOf((await makeClient(authority, { subject, ...(names === undefined ? {} : { names }) })).certificate)
  assert.deepEqual((await fields('/O=x\nCN=admin/CN=ann')).cn, ['ann'])
  assert.deepEqual((await fields('/CN=admin/CN=ann')).cn, [], 'of two common names none counts')
  // A section of its own keeps the comma: openssl ends a value there otherwise.
  const odd = await fields('/CN=ann', '@names\n[names]\nURI.1=urn:x, DNS:admin.example\nemail.1=ann@example.com')
  assert.deepEqual([odd.dns, odd.email, odd.uri], [[], ['ann@example.com'], ['urn:x, DNS:admin.example']])
  assert.deepEqual((await fields('/CN=ann', 'URI:spiffe://a/b, URI:spiffe://a/c')).spiffe, [])
  assert.deepEqual((await fields('/CN=ann', 'URI:spiffe://a/b, DNS:x.example')).spiffe, ['spiffe://a/b'])
})
