import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import { parseDigest } from '../../../../oci/digest.ts'
import type { Inventory } from '../inventory/component.ts'
import { cycloneDxOf } from './cyclonedx.ts'
import { spdxOf } from './spdx.ts'

const image = {
  repository: 'team/web/app',
  digest: parseDigest(`sha256:${'ab'.repeat(32)}`),
  created: '2026-01-02T03:04:05.678Z',
  architecture: 'amd64',
}
const inventory: Inventory = {
  os: { type: 'os', name: 'debian', version: '12' },
  found: [
    {
      path: 'var/lib/dpkg/status',
      component: {
        type: 'deb',
        name: 'libc6',
        version: '2.36-9+deb12u4',
        qualifiers: { arch: 'amd64' },
        source: { name: 'glibc', version: '2.36-9+deb12u4' },
      },
    },
    { path: 'bin/app', component: { type: 'golang', namespace: 'example.com', name: 'app', version: '' } },
    {
      path: 'app/node_modules/@a/b/package.json',
      component: { type: 'npm', namespace: '@a', name: 'b', version: '1.0.0', license: 'MIT OR Apache-2.0' },
    },
    {
      path: 'lib/x.jar',
      component: { type: 'maven', namespace: 'org.x', name: 'x', version: '1', license: 'Some License, "v1"' },
    },
    { path: 'x.gemspec', component: { type: 'gem', name: 'y', version: '1', license: 'MIT' } },
  ],
  notes: ['a.jar was left out: it is not a zip archive, or its end is missing'],
}
const document = spdxOf(image, inventory, 'marina-1.1')

test('SPDX: what version 2.3 of the specification demands of a document', () => {
  const { packages, relationships } = document
  const ids = packages.map(({ SPDXID: id }) => id)
  assert.deepEqual(
    [document.spdxVersion, document.dataLicense, document.SPDXID],
    ['SPDX-2.3', 'CC0-1.0', 'SPDXRef-DOCUMENT'],
  )
  // Clauses 6.5 and 6.9: a URI that is the document's own, without a fragment; a time in seconds, UTC.
  assert.match(document.documentNamespace, /^https:\/\/spdx\.org\/spdxdocs\/team\/web\/app-[0-9a-f-]{36}$/)
  assert.equal(document.creationInfo.created, '2026-01-02T03:04:05Z')
  assert.deepEqual(document.creationInfo.creators, ['Tool: marina-1.1'])
  // Clause 7.2: letters, digits, dots and hyphens, each once.
  assert.equal(new Set(ids).size, ids.length)
  for (const one of packages) {
    assert.match(one.SPDXID, /^SPDXRef-[a-zA-Z0-9.-]+$/)
    assert.deepEqual(
      [one.downloadLocation, one.filesAnalyzed, one.copyrightText],
      ['NOASSERTION', false, 'NOASSERTION'],
    )
    assert.notEqual(one.name, '')
  }
  const known = new Set(['SPDXRef-DOCUMENT', ...ids])
  for (const { spdxElementId: from, relatedSpdxElement: to } of relationships)
    assert.ok(known.has(from) && known.has(to))
  assert.deepEqual(relationships[0], {
    spdxElementId: 'SPDXRef-DOCUMENT',
    relationshipType: 'DESCRIBES',
    relatedSpdxElement: 'SPDXRef-Image',
  })
  assert.equal(relationships.filter(({ relationshipType }) => relationshipType === 'CONTAINS').length, ids.length - 1)
})

test('SPDX: names, versions, package URLs and licenses', () => {
  assert.deepEqual(
    document.packages.map((one) => [
      one.name,
      one.versionInfo,
      one.externalRefs?.[0]?.referenceLocator,
      one.licenseDeclared,
      one.licenseComments,
    ]),
    [
      ['team/web/app', image.digest, `pkg:oci/app@sha256%3A${'ab'.repeat(32)}?arch=amd64`, 'NOASSERTION', undefined],
      ['debian', '12', undefined, 'NOASSERTION', undefined],
      [
        'libc6',
        '2.36-9+deb12u4',
        'pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12&upstream=glibc%402.36-9%2Bdeb12u4',
        'NOASSERTION',
        undefined,
      ],
      ['example.com/app', undefined, 'pkg:golang/example.com/app', 'NOASSERTION', undefined],
      ['@a/b', '1.0.0', 'pkg:npm/%40a/b@1.0.0', 'MIT OR Apache-2.0', undefined],
      ['org.x:x', '1', 'pkg:maven/org.x/x@1', 'NOASSERTION', 'declared as: Some License, "v1"'],
      ['y', '1', 'pkg:gem/y@1', 'MIT', undefined],
    ],
  )
  // The words of the published schema; those of tag-value documents have hyphens.
  assert.deepEqual(
    document.packages.map((one) => one.primaryPackagePurpose),
    ['CONTAINER', 'OPERATING_SYSTEM', undefined, undefined, undefined, undefined, undefined],
  )
  assert.equal(document.packages[2]!.sourceInfo, 'found in /var/lib/dpkg/status')
  assert.match(document.comment!, /^Left out: a\.jar /)
})

test('the same image and the same maker make the same bytes; another image or maker another name', () => {
  assert.deepEqual(spdxOf(image, inventory, 'marina-1.1'), document)
  const others = [
    spdxOf({ ...image, repository: 'team/web/other' }, inventory, 'marina-1.1'),
    spdxOf(image, inventory, 'marina-1.2'),
  ]
  assert.equal(new Set([document, ...others].map((one) => one.documentNamespace)).size, 3)
  for (const created of [undefined, 'no time', '-000001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'])
    assert.equal(spdxOf({ ...image, created }, inventory, 'm-1').creationInfo.created, '1970-01-01T00:00:00Z')
})

test('CycloneDX 1.6: valid against the published schema, with the same packages', async () => {
  const bom = cycloneDxOf(document)
  const isValid = await openSchema()
  assert.ok(isValid(bom), JSON.stringify(isValid.errors))
  assert.ok(!isValid({ ...bom, components: [{ type: 'nonsense', name: 'x' }] }))
  assert.deepEqual(
    bom.components.map(({ type, name, version, purl, licenses }) => [type, name, version, purl, licenses?.[0]]),
    document.packages
      .slice(1)
      .map((one, index) => [
        index === 0 ? 'operating-system' : 'library',
        one.name,
        one.versionInfo,
        one.externalRefs?.[0]?.referenceLocator,
        [
          undefined,
          undefined,
          undefined,
          { expression: 'MIT OR Apache-2.0' },
          { license: { name: 'Some License, "v1"' } },
          { license: { id: 'MIT' } },
        ][index],
      ]),
  )
  assert.equal(bom.metadata.component!.type, 'container')
  assert.deepEqual(bom.metadata.tools.components, [{ type: 'application', name: 'marina', version: '1.1' }])
})

/** The schema that CycloneDX publishes, with those that it names; a development dependency brings them. */
async function openSchema() {
  const library = dirname(createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json'))
  const read = async (name: string) =>
    JSON.parse(await readFile(join(library, 'res/schema', `${name}.SNAPSHOT.schema.json`), 'utf8')) as object
  const ajv = new Ajv({ strict: false, validateFormats: true })
  formats.default(ajv, ['date-time', 'uri', 'email'])
  ajv.addFormat('iri-reference', true).addFormat('idn-email', true)
  ajv.addSchema(await read('spdx'), 'http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json')
  ajv.addSchema(await read('jsf-0.82'), 'http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json')
  return ajv.compile(await read('bom-1.6'))
}
