import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { pushImage } from '../../server/testing/given.ts'
import { pushLayers } from '../../server/testing/layers.ts'
import { eventually, expectAnswer } from '../../server/testing/http.ts'
import { openPortal } from '../../server/testing/portal.ts'
import { openScannerAdapter } from '../../server/testing/scanner-adapter.ts'
import { keyPairs, pemOf, pushSignatures, signatureTag, simpleSigning } from '../../server/testing/signing.ts'

const { scene, rest, visit, ask } = await openPortal()
const { marina, cast } = scene
const adapter = await openScannerAdapter(() => marina.url)
after(() => adapter[Symbol.asyncDispose]())

const image = '/p/team/-/r/scanned/-/a/1.0'
const hostile = '<img src=x onerror=alert(1)> ‮gpj'
const found = (id: string, severity: string, more: object = {}) => ({
  id,
  package: 'openssl',
  version: '3.0.1',
  fix_version: '3.0.2',
  severity,
  description: `${hostile} in ${id}`,
  links: [`https://example.com/${id}`, 'javascript:alert(1)'],
  preferred_cvss: { score_v3: severity === 'Critical' ? 9.8 : 5 },
  ...more,
})
const vulnerabilities = [
  found('CVE-2026-0002', 'Medium', { fix_version: '', package: hostile }),
  found('CVE-2026-0001', 'Critical'),
  found('CVE-2026-0003', 'Low', { package: 'zlib', version: '1.3' }),
]

const register = async (body: { name: string; url: string }) => {
  const { headers } = expectAnswer(await rest('POST', '/scanners', marina.admin, body), 201)
  return headers.location!.split('/').at(-1)!
}

suite('vulnerabilities in the portal', () => {
  before(async () => {
    adapter.plans.set('team/scanned', { vulnerabilities })
    await pushLayers(marina, 'team/scanned', [[['etc/os-release', 'ID=debian\n']]], { tag: '1.0' })
  })

  test('without a scanner the page says so; with one an image is scanned, and its findings are there', async () => {
    await using visitor = await visit({ as: cast.maintainer })
    const { page } = visitor
    await visitor.go(`${image}?tab=vulnerabilities`)
    await page.getByRole('heading', { name: 'There is no scanner' }).waitFor()
    const uuid = await register({ name: 'probe', url: adapter.url })
    await register({ name: 'other', url: `${adapter.url}/other` })
    assert.equal((await rest('PATCH', `/scanners/${uuid}`, marina.admin, { is_default: true })).status, 200)
    await page.reload()
    await page.getByRole('button', { name: 'Scan', exact: true }).click()
    // Without a reload.
    const table = page.getByRole('table', { name: 'Vulnerabilities' })
    await table.waitFor()
    await page.getByText('3 vulnerabilities').waitFor()
    await page.getByText('2 with a fix').waitFor()
    const ids = () => table.locator('tbody .link-button').allTextContents()
    assert.deepEqual(await ids(), ['CVE-2026-0001', 'CVE-2026-0002', 'CVE-2026-0003'])
    await visitor.settle()
    assert.deepEqual(await visitor.findBarriers(), [])
    await page.getByLabel('Severity', { exact: true }).selectOption('medium')
    await eventually(async () => assert.deepEqual(await ids(), ['CVE-2026-0002']))
    await page.getByLabel('Severity', { exact: true }).selectOption('Any severity')
    await page.getByRole('combobox', { name: 'Fix', exact: true }).selectOption('Only with a fix')
    await eventually(async () => assert.deepEqual(await ids(), ['CVE-2026-0001', 'CVE-2026-0003']))
    await page.getByRole('searchbox', { name: 'Vulnerability or package' }).fill('zli')
    await eventually(async () => assert.deepEqual(await ids(), ['CVE-2026-0003']))
    assert.match(page.url(), /q=zli/)
    assert.deepEqual(adapter.problems, [])
    assert.deepEqual(visitor.complaints, [])
  })

  test('a finding is shown whole, as text, and is excepted in the project until a day', async () => {
    await using visitor = await visit({ as: cast.projectAdmin })
    const { page } = visitor
    await visitor.go(`${image}?tab=vulnerabilities`)
    await page.getByRole('button', { name: 'CVE-2026-0001' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(`${hostile} in CVE-2026-0001`).waitFor()
    assert.deepEqual(await dialog.getByRole('link').allTextContents(), ['https://example.com/CVE-2026-0001'])
    assert.equal(await page.locator('img[src=x]').count(), 0)
    // The list of the system holds until the project has one of its own.
    const button = dialog.getByRole('button', { name: 'Except in this project' })
    assert.match((await button.getAttribute('title'))!, /allowlist of the system/)
    await visitor.go('/p/team/-/settings')
    await page.getByLabel('Use the allowlist of the system').uncheck()
    await page.getByRole('region', { name: 'Security' }).getByRole('button', { name: 'Save' }).click()
    await page.getByText('The settings are saved.').waitFor()
    await visitor.go(`${image}?tab=vulnerabilities`)
    await page.getByRole('button', { name: 'CVE-2026-0001' }).click()
    await button.click()
    await dialog.getByLabel('The list ends on').fill('2020-01-01')
    await dialog.getByRole('button', { name: 'Except in this project' }).click()
    await dialog.getByText('This day is over.').waitFor()
    await dialog.getByLabel('The list ends on').fill('2099-12-31')
    assert.deepEqual(await visitor.findBarriers(), [])
    await dialog.getByRole('button', { name: 'Except in this project' }).click()
    await page.getByText('CVE-2026-0001 is excepted in this project.').waitFor()
    await page.getByRole('row', { name: /CVE-2026-0001 excepted/ }).waitFor()
    type Listed = { cve_allowlist: { items: { cve_id: string }[]; expires_at: number } }
    const { cve_allowlist: list } = await ask<Listed>('/projects/team')
    assert.deepEqual([list.items, list.expires_at], [[{ cve_id: 'CVE-2026-0001' }], Date.UTC(2100, 0, 1) / 1000 - 1])
    assert.deepEqual(visitor.complaints, [])
  })

  test('the hub counts and finds what is in all images; all are scanned, and the schedule changes', async () => {
    await using visitor = await visit({ as: cast.administrator })
    const { page } = visitor
    await visitor.go('/scanners')
    const scan = page.getByRole('region', { name: 'Scan of all images' })
    await scan.getByRole('button', { name: 'Scan all now' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Scan all now' }).click()
    // Without a reload.
    await scan.getByText(/The last one looked into \d+ images/).waitFor()
    await scan.getByRole('button', { name: /^Edit/ }).click()
    await page.getByRole('dialog').getByLabel('Schedule', { exact: true }).selectOption('daily')
    await page.getByRole('dialog').getByRole('button', { name: 'Schedule', exact: true }).click()
    await scan.getByText('every day at 03:00 UTC').waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    await visitor.go('/security')
    await page.getByRole('region', { name: 'The worst images' }).getByText('team/scanned').waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    await page.getByRole('region', { name: 'The worst vulnerabilities' }).getByRole('link', { name: /0001/ }).click()
    const rows = page.getByRole('table', { name: 'All findings' }).locator('tbody tr[data-row]')
    await eventually(async () => assert.equal(await rows.count(), 1))
    await rows.getByRole('button', { name: 'CVE-2026-0001' }).click()
    await page.getByRole('dialog').getByRole('link', { name: 'team/scanned:1.0' }).click()
    await page
      .getByRole('heading', { name: 'team/scanned:1.0', level: 1 })
      .or(page.getByRole('heading', { name: 'scanned:1.0' }))
      .waitFor()
    await visitor.go('/security?severity=Low')
    await eventually(async () => assert.equal(await rows.count(), 1))
    assert.deepEqual(visitor.complaints, [])
  })

  test('vulnerabilities of a project are saved as a file by those who may', async () => {
    await using visitor = await visit({ as: cast.maintainer })
    const { page } = visitor
    await visitor.go('/reports')
    await page.getByRole('button', { name: 'New report' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Project (required)').fill('team')
    await dialog.getByLabel('Vulnerabilities').fill('CVE-2026-0001, CVE-2026-0003')
    assert.deepEqual(await visitor.findBarriers(), [])
    await dialog.getByRole('button', { name: 'Write it' }).click()
    const link = page.getByRole('link', { name: /Download report/ })
    await link.waitFor()
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()])
    const chunks: Buffer[] = []
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    assert.deepEqual(
      ['0001', '0002', '0003'].map((one) => text.includes(`CVE-2026-${one}`)),
      [true, false, true],
    )
    assert.deepEqual(visitor.complaints, [])
  })

  test('images are found by a package that they hold', async () => {
    const dpkg = 'Package: libexample\nStatus: install ok installed\nVersion: 1.2-3\nArchitecture: amd64\n'
    await pushLayers(
      marina,
      'team/packed',
      [
        [
          ['etc/os-release', 'ID=debian\nVERSION_ID="13"\n'],
          ['var/lib/dpkg/status', dpkg],
        ],
      ],
      {
        tag: '1.0',
      },
    )
    const path = '/projects/team/repositories/packed/artifacts/1.0/scan'
    expectAnswer(await rest('POST', path, marina.admin, { scan_type: 'sbom' }), 202)
    await eventually(async () => assert.equal((await ask<object[]>('/packages?name=libexample')).length, 1))
    await using visitor = await visit({ as: cast.guest })
    const { page } = visitor
    await visitor.go('/packages')
    await page.getByRole('heading', { name: 'Say what to look for' }).waitFor()
    await page.getByRole('searchbox', { name: 'Package, its whole name' }).fill('libexample')
    await page.getByRole('row', { name: /^team\/packed:1\.0 libexample 1\.2-3 deb none known/ }).waitFor()
    await visitor.settle()
    assert.deepEqual(await visitor.findBarriers(), [])
    await page.getByRole('link', { name: 'team/packed:1.0' }).click()
    await page.getByRole('row', { name: /^libexample/ }).waitFor()
    assert.deepEqual(visitor.complaints, [])
  })

  test('signatures are shown with who signed, and why one is not trusted', async () => {
    const signed = await pushImage(marina, 'team/signed', { tag: '1.0' })
    await using visitor = await visit({ as: cast.guest })
    const { page } = visitor
    await visitor.go('/p/team/-/r/signed/-/a/1.0?tab=signatures')
    await page.getByText('Nobody has signed it').waitFor()
    const keys = keyPairs['P-256']()
    const key = { public_key: pemOf(keys.publicKey) }
    expectAnswer(await rest('PUT', '/projects/team/signers/release', marina.admin, { key }), 200)
    const layers = [simpleSigning(signed.digest, keys)]
    await pushSignatures(marina, 'team/signed', layers, { tag: signatureTag(signed.digest) })
    await page.reload()
    const row = page.getByRole('table', { name: 'Signatures' }).locator('tbody tr')
    await row.getByText('trusted', { exact: true }).waitFor()
    await row.getByText('release').first().waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    expectAnswer(await rest('DELETE', '/projects/team/signers/release', marina.admin), 200)
    await page.reload()
    await row.getByText('not trusted').waitFor()
    assert.deepEqual(visitor.complaints, [])
  })

  test('a guest reads findings and scans nothing; a project chooses its scanner, whose reports count', async () => {
    await using guest = await visit({ as: cast.guest })
    await guest.go(`${image}?tab=vulnerabilities`)
    await guest.page.getByRole('table', { name: 'Vulnerabilities' }).waitFor()
    assert.equal(await guest.page.getByRole('button', { name: /^Scan/ }).count(), 0)
    const path = '/projects/team/repositories/scanned/artifacts/1.0/scan'
    assert.equal((await rest('POST', path, cast.guest, { scan_type: 'vulnerability' })).status, 403)

    await using visitor = await visit({ as: cast.projectAdmin })
    const { page } = visitor
    await visitor.go('/p/team/-/settings')
    const section = page.getByRole('region', { name: 'Scanner' })
    await section.getByLabel('Scanner').selectOption('other')
    await section.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The settings are saved.').waitFor()
    assert.equal((await ask<{ name: string }>('/projects/team/scanner')).name, 'other')
    assert.deepEqual(await visitor.findBarriers(), [])
    await guest.go(`${image}?tab=vulnerabilities`)
    await guest.page.getByText('This image was not scanned yet').waitFor()
    assert.deepEqual([...visitor.complaints, ...guest.complaints], [])
  })
})
