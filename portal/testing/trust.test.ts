import assert from 'node:assert/strict'
import path from 'node:path'
import { after, suite, test } from 'node:test'
import { pushLayers } from '../../server/testing/layers.ts'
import { eventually, expectAnswer } from '../../server/testing/http.ts'
import { openPortal } from '../../server/testing/portal.ts'
import { openScannerAdapter } from '../../server/testing/scanner-adapter.ts'
import { keyPairs, pemOf } from '../../server/testing/signing.ts'

const { scene, rest, visit, ask } = await openPortal()
const { marina, cast } = scene
const adapter = await openScannerAdapter(() => marina.url)
after(() => adapter[Symbol.asyncDispose]())

const trustedRoot = path.resolve(import.meta.dirname, '../../server/features/signatures/fixtures/trusted-root.json')
const metadataOf = async () => (await ask<{ metadata: Record<string, string> }>('/projects/team')).metadata
const signers = async () =>
  (await ask<{ name: string; kind: string }[]>('/projects/team/signers')).map(({ name }) => name)

suite('whom projects trust, in the portal', () => {
  test('a trusted root is imported from a file, and deleted when no project needs it', async () => {
    await using visitor = await visit({ as: cast.administrator })
    const { page } = visitor
    await visitor.go('/trust-roots')
    await page.getByRole('heading', { name: 'No trusted root yet' }).waitFor()
    await page.getByRole('button', { name: 'Import a root' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Import a root' }).click()
    await dialog.getByText('Choose the file.').waitFor()
    await dialog
      .getByLabel('File')
      .setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('[') })
    await dialog.getByRole('button', { name: 'Import a root' }).click()
    await dialog.getByText('This file is no JSON.').waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    await dialog.getByLabel('File').setInputFiles(trustedRoot)
    await dialog.getByRole('button', { name: 'Import a root' }).click()
    await page.getByRole('row', { name: /^sigstore 1 1 0 projects/ }).waitFor()
    assert.equal((await ask<object[]>('/system/trust-roots')).length, 1)
    await visitor.settle()
    assert.deepEqual(await visitor.findBarriers(), [])
    assert.deepEqual(visitor.complaints, [])
  })

  test('a project trusts keys, certificates and accounts; what is wrong with them is said', async () => {
    await using visitor = await visit({ as: cast.projectAdmin })
    const { page } = visitor
    await visitor.go('/p/team/-/settings')
    const section = page.getByRole('region', { name: 'Signers' })
    await section.getByText('Nobody is trusted yet').waitFor()
    const dialog = page.getByRole('dialog')
    const begin = async (name: string) => {
      await section.getByRole('button', { name: 'Trust a signer' }).click()
      await dialog.getByLabel('Name').fill(name)
    }
    const save = () => dialog.getByRole('button', { name: 'Save' }).click()
    await begin('release')
    await dialog.getByLabel('Public key (PEM)').fill(pemOf(keyPairs['P-256']().publicKey))
    assert.deepEqual(await visitor.findBarriers(), [])
    await save()
    await section.getByRole('row', { name: /^release Key/ }).waitFor()
    await begin('ci')
    await dialog.getByRole('radio', { name: 'Account' }).check()
    await dialog.getByLabel('Who vouches').fill('https://accounts.example.com')
    await dialog.getByRole('textbox', { name: /^Account/ }).fill('builder@*')
    await dialog.getByLabel('Trusted root').selectOption('sigstore')
    assert.deepEqual(await visitor.findBarriers(), [])
    await save()
    await section.getByRole('row', { name: /^ci Account builder@\*/ }).waitFor()
    assert.deepEqual((await signers()).toSorted(), ['ci', 'release'])

    await section.getByRole('button', { name: 'Actions: release' }).click()
    await page.getByRole('menuitem', { name: 'Trust no more' }).click()
    await dialog.getByText('is not verified any more').waitFor()
    await dialog.getByRole('button', { name: 'Trust no more' }).click()
    await eventually(async () => assert.deepEqual(await signers(), ['ci']))
    await section.getByRole('row', { name: /^release/ }).waitFor({ state: 'detached' })
    assert.deepEqual(visitor.complaints, [])
    // The server says what is wrong with certificates, and nothing is saved.
    await begin('builds')
    await dialog.getByRole('radio', { name: 'Certificates' }).check()
    await dialog.getByLabel('Certificates (PEM)').fill('nonsense')
    await dialog.getByLabel('Subjects').fill('*')
    await save()
    await dialog.getByRole('alert').waitFor()
    assert.deepEqual(await signers(), ['ci'])
  })

  test('a project verifies, warns, and holds new images; what is taken back is gone', async () => {
    await using visitor = await visit({ as: cast.projectAdmin })
    const { page } = visitor
    await visitor.go('/p/team/-/settings')
    const section = page.getByRole('region', { name: 'Security' })
    const save = async () => {
      await section.getByRole('button', { name: 'Save' }).click()
      await page.getByText('The settings are saved.').first().waitFor()
    }
    await section.getByLabel('without a verified signature').check()
    await section.getByLabel('Warn of pulls').selectOption('medium')
    await section.getByLabel('Hold new images').check()
    await section.getByLabel('For at most').fill('0')
    await section.getByLabel('no scan has reported').selectOption('pass')
    await section.getByRole('button', { name: 'Save' }).click()
    await section.getByText('Use a whole number from 1').waitFor()
    await section.getByLabel('For at most').fill('90')
    assert.deepEqual(await visitor.findBarriers(), [])
    await save()
    const wanted = {
      verify_signatures: 'true',
      vulnerability_warning: 'medium',
      hold_until_scanned: 'true',
      hold_seconds: '90',
      hold_then: 'pass',
    }
    const saved = await metadataOf()
    assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((name) => [name, saved[name]])), wanted)

    await visitor.go('/p/team/-/settings')
    assert.equal(await section.getByLabel('For at most').inputValue(), '90')
    await section.getByLabel('without a verified signature').uncheck()
    await section.getByLabel('Hold new images').uncheck()
    await section.getByLabel('Warn of pulls').selectOption('')
    await save()
    const { verify_signatures: verify, vulnerability_warning: warning, hold_until_scanned: hold } = await metadataOf()
    assert.deepEqual([verify, warning, hold], ['false', undefined, 'false'])
    assert.deepEqual(visitor.complaints, [])
  })

  test('German is spoken, and a guest gets neither page', async () => {
    await using visitor = await visit({ as: cast.projectAdmin, language: 'de' })
    await visitor.go('/p/team/-/settings')
    const section = visitor.page.getByRole('region', { name: 'Unterzeichner' })
    await section.getByRole('row', { name: /^ci Konto/ }).waitFor()
    await visitor.page.getByText('Neue Images zurückhalten, bis sie gescannt sind').waitFor()
    assert.deepEqual(visitor.complaints, [])
    for (const [method, at, body] of [
      ['PUT', '/projects/team/signers/x', { key: { public_key: 'x' } }],
      ['DELETE', '/projects/team/signers/ci', undefined],
      ['PUT', '/system/trust-roots/x', {}],
      ['DELETE', '/system/trust-roots/sigstore', undefined],
    ] as const)
      expectAnswer(await rest(method, at, cast.guest, body), 403, 'FORBIDDEN')
    await using guest = await visit({ as: cast.guest })
    await guest.go('/trust-roots')
    await guest.page.locator('main .state h1').waitFor()
  })
})

suite('what scanners know, and what differs between images', () => {
  test('the list of scanners shows the date of their data, as they have said it', async () => {
    adapter.metadata.properties = {
      'harbor.scanner-adapter/vulnerability-database-updated-at': '2026-11-20T08:00:00Z',
    }
    const made = expectAnswer(await rest('POST', '/scanners', marina.admin, { name: 'dated', url: adapter.url }), 201)
    const id = made.headers.location!.split('/').at(-1)!
    expectAnswer(await rest('GET', `/scanners/${id}/metadata`, marina.admin), 200)
    await using visitor = await visit({ as: cast.administrator })
    await visitor.go('/scanners')
    await visitor.page.getByRole('row', { name: /dated/ }).locator('time[datetime^="2026-11-20"]').waitFor()
    assert.deepEqual(visitor.complaints, [])
  })

  test('packages of two images are compared', async () => {
    const layer = (version: string, more: string[] = []) =>
      [['left-pad', version], ...more.map((name) => [name, '1.0.0'])].map(
        ([name, of]) =>
          [`app/node_modules/${name}/package.json`, JSON.stringify({ name, version: of })] as [string, string],
      )
    await pushLayers(marina, 'team/packs', [layer('1.1.0')], { tag: 'a' })
    await pushLayers(marina, 'team/packs', [layer('1.3.0', ['new-pad'])], { tag: 'b' })
    await using visitor = await visit({ as: cast.developer })
    const { page } = visitor
    await visitor.go('/p/team/-/r/packs/-/compare?a=a&b=b')
    await page.getByRole('button', { name: 'Compare packages' }).click()
    await page.getByText(/packages of .* are not known/).waitFor()
    visitor.complaints.splice(0)
    for (const tag of ['a', 'b']) {
      const at = `/projects/team/repositories/packs/artifacts/${tag}`
      expectAnswer(await rest('POST', `${at}/scan`, marina.admin, { scan_type: 'sbom' }), 202)
      await eventually(async () => expectAnswer(await rest('GET', `${at}/packages`, marina.admin), 200))
    }
    await page.reload()
    const table = page.getByRole('table', { name: '2 packages differ' })
    await table.getByRole('row', { name: 'left-pad npm 1.1.0 1.3.0' }).waitFor()
    await table.getByRole('row', { name: 'new-pad npm – 1.0.0' }).waitFor()
    await visitor.settle()
    assert.deepEqual(await visitor.findBarriers(), [])
    assert.deepEqual(visitor.complaints, [])
  })
})
