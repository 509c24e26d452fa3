import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { eventually, expectAnswer } from '../../server/testing/http.ts'
import { openPortal } from '../../server/testing/portal.ts'
import { openReceiver } from '../../server/testing/receiver.ts'

const { scene, visit: open, rest } = await openPortal()

suite('the pages of webhooks, the activity and settings', () => {
  const visit = (as = scene.cast.projectAdmin) => open({ as })
  const get = async (path: string): Promise<unknown> =>
    expectAnswer(await rest('GET', path, scene.cast.administrator), 200).json()

  test('a webhook is made, and a test of it shows what was sent and what came back', async () => {
    await using receiver = await openReceiver()
    receiver.answer(() => ({ status: 202, body: '{"accepted":true}' }))
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/p/team/-/webhooks')
    await page.getByRole('button', { name: 'New webhook' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: false }).first().fill('chat <b>&')
    await dialog.getByLabel('Address').fill('no address')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByRole('alert').waitFor()
    await dialog.getByLabel('Address').fill(`${receiver.url}/hook`)
    await dialog.getByRole('button', { name: 'Make one' }).click()
    const secret = await dialog.getByLabel('Secret').inputValue()
    assert.match(secret, /^[\w-]{32}$/)
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('link', { name: 'chat <b>&' }).click()
    await page.getByRole('heading', { name: 'No deliveries yet' }).waitFor()
    await page.getByRole('button', { name: 'Send a test' }).first().click()
    await dialog.getByRole('button', { name: 'Send a test' }).click()
    await page.getByRole('row').getByText('delivered').waitFor()
    await page.getByRole('button', { name: 'Artifact pushed' }).click()
    const request = page.getByRole('region', { name: 'Headers of the request' })
    await eventually(async () =>
      assert.match((await request.textContent())!, /marina-signature: t=\d+,v1=[0-9a-f]{64}/),
    )
    const sent = (await page.getByRole('region', { name: 'Body of the request' }).textContent())!
    assert.deepEqual(JSON.parse(sent), JSON.parse(receiver.received[0]!.body))
    assert.match((await page.getByRole('region', { name: 'Headers of the answer' }).textContent())!, /^HTTP 202/)
    assert.match((await page.getByRole('region', { name: 'Body of the answer' }).textContent())!, /"accepted": true/)
    await dialog.getByRole('button', { name: 'Send again' }).click()
    await eventually(() => assert.equal(receiver.received.length, 2))
    assert.deepEqual(
      visitor.complaints.filter((one) => !one.includes('status of 400')),
      [],
    )
  })

  test('an edit keeps the secret that is set; a target is paused, goes on, and the webhook is deleted', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/p/team/-/webhooks/1')
    const policy = async () =>
      (await get('/projects/team/webhook/policies/1')) as {
        description: string
        targets: { secret: string; paused: boolean }[]
      }
    await page.getByRole('button', { name: 'Edit' }).click()
    const dialog = page.getByRole('dialog')
    assert.equal(await dialog.getByLabel('Secret').inputValue(), '******')
    await dialog.getByLabel('Description').fill('tells the cluster')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('tells the cluster').waitFor()
    assert.equal((await policy()).targets[0]!.secret, '******')
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Pause' }).waitFor()
    assert.equal((await policy()).targets[0]!.paused, false)
    await page.getByText('Check the signature').click()
    await page.getByRole('button', { name: 'Python' }).click()
    await page.getByRole('region', { name: 'Check the signature' }).getByText('import hashlib').waitFor()
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByLabel('Type deployments to confirm').fill('deployments')
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await page.waitForURL('**/p/team/-/webhooks')
    expectAnswer(await rest('GET', '/projects/team/webhook/policies/1', scene.cast.administrator), 404, 'NOT_FOUND')
    assert.deepEqual(visitor.complaints, [])
  })

  test('a project without webhooks shows what a receiver would get, by event', async () => {
    await using visitor = await visit(scene.cast.administrator)
    const { page } = visitor
    await visitor.go('/p/tools/-/webhooks')
    const sample = page.getByRole('region', { name: 'Sample of the event' })
    const { type, event_data: data } = JSON.parse((await sample.textContent())!) as {
      type: string
      event_data: { repository: { repo_full_name: string } }
    }
    assert.deepEqual([type, data.repository.repo_full_name], ['PUSH_ARTIFACT', 'tools/app'])
    await page.getByRole('combobox', { name: 'Sample of the event' }).selectOption('Retention has run')
    await sample.getByText('TAG_RETENTION').waitFor()
  })

  test('the activity is filtered by the address, leads to objects, and is exported', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/p/team/-/activity')
    await page.getByRole('combobox', { name: 'Kind of object' }).selectOption('robot')
    await page.getByRole('searchbox', { name: 'Who' }).fill('adm')
    await eventually(() => assert.equal(new URL(page.url()).search, '?what=robot&who=adm'))
    await visitor.settle()
    const rows = page.locator('tbody tr[data-row]')
    // Three robots were made, and one was disabled.
    await eventually(async () => assert.equal(await rows.count(), 4))
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export CSV' }).click(),
    ])
    const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\r\n')
    assert.equal(lines.length, 5)
    assert.match(lines[0]!, /^op_time,username,operation,resource_type,resource/)
    assert.ok(lines.slice(1).every((line) => /,admin,(create|update),robot,/.test(line)))
    await page.getByRole('button', { name: 'Clear all filters' }).click()
    await eventually(() => assert.equal(new URL(page.url()).search, ''))
    await visitor.go('/p/team/-/activity?q=apps%2Fweb%3A1.1&op=create&what=tag')
    await page.getByRole('link', { name: 'team/apps/web:1.1' }).first().click()
    await page.waitForURL('**/p/team/-/r/apps/web/-/a/1.1')
    await visitor.go('/p/team/-/activity?what=robot&op=update')
    await page
      .getByRole('button', { name: /Details/ })
      .first()
      .click()
    const changes = page.getByRole('region', { name: 'What changed' })
    assert.match((await changes.textContent())!, /disabled|isDisabled/i)
    assert.deepEqual(visitor.complaints, [])
  })

  test('the activity of the system is for all who may look into a project', async () => {
    await using visitor = await visit(scene.cast.administrator)
    const { page } = visitor
    await visitor.go('/activity?what=label&q=approved')
    await eventually(async () => assert.equal(await page.locator('tbody tr[data-row]').count(), 1))
    await visitor.go('/activity?from=2020-01-01&to=2020-01-02')
    await page.getByText('Nothing fits the filter').waitFor()
  })

  test('a project is made public after a warning, gets a limit, and says why it cannot be deleted', async () => {
    await using visitor = await visit(scene.cast.administrator)
    const { page } = visitor
    await visitor.go('/p/team/-/settings')
    await page.getByRole('radio', { name: 'Public' }).check()
    await page.getByText('can then be pulled by anybody').waitFor()
    const save = (section: string) => page.getByRole('region', { name: section }).getByRole('button', { name: 'Save' })
    await save('Access').click()
    await page.getByText('The settings are saved.').waitFor()
    const project = async () =>
      (await get('/projects/team')) as { metadata: Record<string, string>; cve_allowlist: { items: object[] } }
    assert.equal((await project()).metadata['public'], 'true')
    await page.getByLabel('Limit in GiB').fill('2.5')
    await save('Storage').click()
    await page.getByText('of 2.5 GiB').first().waitFor()
    await page.getByLabel('Limit in GiB').fill('0.00001')
    await page.getByText('every push is refused until something is deleted').waitFor()
    await page.getByLabel('CVEs of this project').fill('CVE-2025-1234\nCVE-2025-99')
    await page.getByRole('checkbox', { name: 'Scan each image when it is pushed' }).check()
    await save('Security').click()
    await eventually(async () => {
      const { metadata, cve_allowlist: list } = await project()
      assert.deepEqual([metadata['auto_scan'], list.items.length, metadata['public']], ['true', 2, 'true'])
    })
    await page.getByRole('button', { name: 'Delete the project' }).click()
    await page.getByRole('dialog').getByText('It still holds repositories.').waitFor()
    assert.deepEqual(visitor.complaints, [])
  })
})
