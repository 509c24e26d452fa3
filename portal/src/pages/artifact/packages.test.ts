import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choose, countKinds, inventoryOf } from './packages.ts'

const purl = (referenceLocator: string) => [
  { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator },
]
const spdx = {
  spdxVersion: 'SPDX-2.3',
  comment: 'Left out: usr/lib/huge.jar (too large)',
  packages: [
    {
      name: 'team/app',
      versionInfo: 'sha256:0',
      primaryPackagePurpose: 'CONTAINER',
      externalRefs: purl('pkg:oci/app'),
    },
    { name: 'debian', versionInfo: '13', primaryPackagePurpose: 'OPERATING_SYSTEM' },
    {
      name: 'openssl',
      versionInfo: '3.5.1-1',
      licenseDeclared: 'Apache-2.0',
      sourceInfo: 'found in /var/lib/dpkg/status',
      externalRefs: purl('pkg:deb/debian/openssl@3.5.1-1?arch=amd64'),
    },
    {
      name: '@types/node',
      versionInfo: '24.0.0',
      licenseDeclared: 'NOASSERTION',
      licenseComments: 'declared as: see README',
      externalRefs: purl('pkg:npm/%40types/node@24.0.0'),
    },
    { name: 'plain' },
  ],
}

test('the packages of an SPDX document are those of the image, without the image and its system', () => {
  const { packages, remark } = inventoryOf(JSON.stringify(spdx))!
  assert.equal(remark, 'Left out: usr/lib/huge.jar (too large)')
  assert.deepEqual(packages, [
    { name: 'openssl', version: '3.5.1-1', kind: 'deb', license: 'Apache-2.0', place: '/var/lib/dpkg/status' },
    { name: '@types/node', version: '24.0.0', kind: 'npm', license: 'see README', place: '' },
    { name: 'plain', version: '', kind: '', license: '', place: '' },
  ])
})

test('CycloneDX is read, too; other texts are not', () => {
  const components = [
    { type: 'operating-system', name: 'debian', version: '13' },
    {
      type: 'library',
      group: 'org.x',
      name: 'y',
      version: '1',
      purl: 'pkg:maven/org.x/y@1',
      licenses: [{ license: { id: 'MIT' } }],
    },
  ]
  assert.deepEqual(inventoryOf(JSON.stringify({ bomFormat: 'CycloneDX', components }))!.packages, [
    { name: 'org.x/y', version: '1', kind: 'maven', license: 'MIT', place: '' },
  ])
  for (const text of ['', '[]', 'null', '{}', '<bom/>']) assert.equal(inventoryOf(text), undefined)
})

test('packages are chosen by a part of name or version and by kind, in the order of names', () => {
  const { packages } = inventoryOf(JSON.stringify(spdx))!
  const names = (text: string, kind = '') => choose(packages, text, kind).map(({ name }) => name)
  assert.deepEqual(names(''), ['@types/node', 'openssl', 'plain'])
  assert.deepEqual(
    [names('SSL'), names('24.0'), names('', 'deb'), names('ssl', 'npm')],
    [['openssl'], ['@types/node'], ['openssl'], []],
  )
  assert.deepEqual(countKinds([...packages, packages[0]!])[0], ['deb', 2])
})
