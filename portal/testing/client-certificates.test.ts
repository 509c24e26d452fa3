import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, suite, test } from 'node:test'
import { openBrowser, openVisitor } from '../../server/testing/browser.ts'
import { makeAuthority, makeClient, makeRevocationList } from '../../server/testing/client-certificates.ts'
import { givenUser } from '../../server/testing/given.ts'
import { openBeside, openTestMarina } from '../../server/testing/server.ts'

const opened = new AsyncDisposableStack()
after(() => opened.disposeAsync())
const dir = await mkdtemp(path.join(tmpdir(), 'portal-certificates-'))
opened.defer(() => rm(dir, { recursive: true }))
const [authority, stranger] = [await makeAuthority('Our machines'), await makeAuthority('Others')]
const file = async (name: string, text: string) => {
  await writeFile(path.join(dir, name), text)
  return path.join(dir, name)
}
const plain = opened.use(await openTestMarina())
const marina = opened.use(
  await openBeside(plain, {
    MARINA_CLIENT_CA: await file('ca.pem', authority.certificate.toString()),
    MARINA_CLIENT_CRL: await file('crl.pem', await makeRevocationList(authority, [])),
    MARINA_CLIENT_CERT_RULES: 'email:*@example.com => user:*; cn:* => user:*',
    MARINA_CLIENT_CERT_HEADER: 'X-Client-Cert',
    MARINA_TRUSTED_PROXIES: '192.0.2.1',
  }),
)
const browser = opened.adopt(await openBrowser(), (one) => one.close())
const place = '/client-certificates'

suite('client certificates in the portal', () => {
  test('while none is accepted, the page says how they are, and nobody else sees it', async () => {
    await using visitor = await openVisitor(browser, { url: plain.url, as: plain.admin })
    await visitor.go('/about')
    await visitor.page.getByRole('link', { name: 'Client certificates' }).click()
    await visitor.page.getByRole('heading', { name: 'Client certificates are not accepted' }).waitFor()
    assert.deepEqual(await visitor.findBarriersInBoth(), [])
    assert.deepEqual(visitor.complaints, [])
    await using other = await openVisitor(browser, { url: plain.url, as: await givenUser(plain) })
    await other.go(place)
    await other.page.getByRole('heading', { name: 'You may not see this', level: 1 }).waitFor()
    assert.equal(await other.page.getByRole('link', { name: 'Client certificates' }).count(), 0)
  })

  test('authorities and rules are shown, and a certificate is checked: whose it is, or why it is refused', async () => {
    const { name } = await givenUser(plain)
    const wish = { subject: '/CN=other', names: `email:${name}@example.com` }
    const [good, bad] = [await makeClient(authority, wish), await makeClient(stranger, wish)]
    await using visitor = await openVisitor(browser, { url: marina.url, as: marina.admin })
    const { page } = visitor
    await visitor.go(place)
    await page.getByRole('row', { name: /CN=Our machines/ }).waitFor()
    await page.getByRole('listitem').filter({ hasText: 'email:*@example.com => user:*' }).waitFor()
    await page.getByText('in the header x-client-cert').waitFor()
    const field = page.getByLabel('Certificate (required)')
    await field.fill(good.certificate.toString())
    await page.getByRole('button', { name: 'Check' }).click()
    await page.getByText('It is accepted.').waitFor()
    await page.getByText(`User ${name}`).waitFor()
    assert.deepEqual(await visitor.findBarriersInBoth(), [])
    await field.fill(bad.certificate.toString())
    await page.getByRole('button', { name: 'Check' }).click()
    await page.getByText(/It is not accepted: .* signed by no authority that is trusted here/).waitFor()
    assert.deepEqual(await visitor.findBarriersInBoth(), [])
    await field.fill('nonsense')
    await page.getByRole('button', { name: 'Check' }).click()
    await page.locator('.field-error', { hasText: 'certificate must be a certificate in PEM' }).waitFor()
    const noted = visitor.complaints.splice(0)
    assert.ok(noted.length > 0 && noted.every((one) => one.includes('status of 400')), noted.join(', '))
  })

  test('in German, by the keyboard, in a narrow window', async () => {
    const { name } = await givenUser(plain)
    const { certificate } = await makeClient(authority, { subject: `/CN=${name}` })
    const look = { language: 'de', width: 390, height: 800 } as const
    await using visitor = await openVisitor(browser, { url: marina.url, as: marina.admin, ...look })
    const { page } = visitor
    await visitor.go(place)
    await page.getByLabel('Zertifikat (Pflichtfeld)').focus()
    await page.keyboard.insertText(certificate.toString())
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByText('Es wird angenommen.').waitFor()
    await page.getByText(`Benutzer ${name}`).waitFor()
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), look.width)
    assert.deepEqual(await visitor.findBarriersInBoth(), [])
    assert.deepEqual(visitor.complaints, [])
  })
})
