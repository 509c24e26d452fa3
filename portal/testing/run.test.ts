import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { callApi } from '../../server/testing/api.ts'
import { pushImage } from '../../server/testing/given.ts'
import { eventually } from '../../server/testing/http.ts'
import { givenStorageCheck } from '../../server/testing/portal-system.ts'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, visit: open, ask } = await openPortal()

suite('pages of what runs', () => {
  const visit = () => open({ as: scene.cast.administrator })

  test('jobs: a queue is paused and goes on; schedules say when they fire next', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/jobs')
    const row = page.getByRole('row', { name: /ARTIFACT_EXPORT/ })
    await row.getByRole('button', { name: 'Actions: Reports of artifacts' }).click()
    await page.getByRole('menuitem', { name: 'Pause', exact: true }).click()
    await row.getByText('paused').waitFor()
    const isPaused = async () =>
      (await ask<{ job_type: string; paused: boolean }[]>('/jobservice/queues')).find(
        (one) => one.job_type === 'ARTIFACT_EXPORT',
      )!.paused
    assert.equal(await isPaused(), true)
    await row.getByRole('button', { name: 'Actions: Reports of artifacts' }).click()
    await page.getByRole('menuitem', { name: 'Resume', exact: true }).click()
    await row.getByText('open').waitFor()
    assert.equal(await isPaused(), false)
    await page.getByRole('link', { name: 'Schedules' }).click()
    const schedule = page.getByRole('row', { name: /Collection/ })
    await schedule.getByText('every Saturday at 02:30 UTC').waitFor()
    const next = await schedule.locator('time').first().getAttribute('datetime')
    assert.match(next!, /T02:30:00/)
    await page.getByRole('link', { name: 'Reactions' }).click()
    await page.getByRole('table', { name: 'Reactions' }).waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    assert.deepEqual(visitor.complaints, [])
  })

  test('collection: a dry run says what would go, and its log is at hand; the schedule changes', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/collection')
    await page.getByRole('button', { name: 'Dry run' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Dry run' }).click()
    // The stream brings the result without a reload.
    await page.getByRole('row', { name: /done dry run/ }).waitFor()
    await page
      .getByRole('table', { name: 'Runs' })
      .getByRole('link', { name: /Run \d+/ })
      .click()
    const drawer = page.getByRole('dialog')
    await drawer.getByText('a dry run: nothing is deleted').waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    await page.keyboard.press('Escape')
    await eventually(async () => assert.equal(await drawer.count(), 0))
    await page.getByRole('button', { name: 'Edit: Schedule' }).click()
    await drawer.getByLabel('Schedule', { exact: true }).selectOption('daily')
    await drawer.getByLabel('Time (UTC)').fill('04:15')
    await drawer.getByRole('button', { name: 'Schedule', exact: true }).click()
    await page.getByText('every day at 04:15 UTC').waitFor()
    const { schedule } = await ask<{ schedule: { cron: string } }>('/system/gc/schedule')
    assert.equal(schedule.cron, '0 15 4 * * *')
    assert.deepEqual(visitor.complaints, [])
  })

  test('storage: says what the last check found, and how to make one', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/storage')
    await page.getByText('Never checked').click()
    await page.getByText('./marina.mjs fsck --digests').waitFor()
    const counts = { readsDigests: true, blobs: 7, artifacts: 5, tags: 4, bytes: 3 * 1024 ** 2 }
    const losses = ['blob sha256:12: its bytes are missing <b>here</b>']
    await givenStorageCheck(scene.marina, { ...counts, losses, leftovers: ['a file in a place of no blob'] })
    await visitor.go('/storage')
    const section = page.getByRole('region', { name: 'Check of the storage' })
    await section.getByText('5 artifacts, 7 blobs, 3 MiB').waitFor()
    await section.getByText('every byte read').waitFor()
    await section.getByText('What is lost cannot be pulled').waitFor()
    await section.getByText('What was found: 2 of 2').click()
    await section.getByText(losses[0]!).waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    assert.deepEqual(visitor.complaints, [])
  })

  test('storage: from projects down to tags, with the bytes that the API counts', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/storage')
    await page
      .getByRole('group', { name: 'The same as areas' })
      .getByRole('link', { name: /^team \d/ })
      .click()
    await page.getByRole('heading', { name: 'team', level: 1 }).waitFor()
    await page.getByRole('table', { name: 'Repositories' }).getByRole('link', { name: 'apps/web' }).click()
    await page.getByRole('heading', { name: 'apps/web', level: 1 }).waitFor()
    await visitor.settle()
    const rows = await ask<{ digest: string; size: number }[]>(
      '/projects/team/usage/artifacts?repository=apps%2Fweb&page_size=25',
    )
    const shown = page.getByRole('table', { name: 'Artifacts' }).locator('tbody tr')
    await eventually(async () => assert.equal(await shown.count(), rows.length))
    await page.getByLabel('Largest by').selectOption('-push_time')
    await eventually(() => assert.match(page.url(), /by=-push_time/))
    await visitor.settle()
    assert.deepEqual(await visitor.findBarriers(), [])
    assert.deepEqual(visitor.complaints, [])
  })

  test('unused: says what would go, what that frees and what it would have broken; then it goes', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/storage/unused')
    await page.getByRole('button', { name: 'Clear the least used' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(/Deleting them frees [\d.]+ /).waitFor()
    await dialog.getByText(/taken back for 7 days/).waitFor()
    await dialog.getByRole('button', { name: 'Failed pulls' }).click()
    await dialog.getByText('no pull would have failed since.').waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    const names = await dialog.locator('.names li').allTextContents()
    assert.ok(names.length > 0 && names.length <= 5)
    const typed = dialog.getByLabel(`Type ${names.length} to confirm`)
    await typed.fill(String(names.length))
    await typed.press('Enter')
    await eventually(async () => assert.equal(await dialog.count(), 0))
    const left = await ask<{ name: string }[]>('/repositories?page_size=100')
    assert.deepEqual(
      left.map(({ name }) => name).filter((name) => names.includes(name)),
      [],
    )
    assert.deepEqual(visitor.complaints, [])
  })

  test('reports: one is asked for, is ready without a reload, and is saved once', async () => {
    await pushImage(scene.marina, 'library/reported', { tag: '1.0' })
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/reports')
    await page.getByRole('button', { name: 'New report' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Projects' }).fill('library nothing-like-it')
    await dialog.getByRole('button', { name: 'Write it' }).click()
    await dialog.getByText('There is no project called nothing-like-it.').waitFor()
    // Chromium itself notes the answer.
    assert.ok(visitor.complaints.splice(0).every((one) => one.includes('status of 4')))
    await dialog.getByRole('textbox', { name: 'Projects' }).fill('library')
    await dialog.getByRole('button', { name: 'Write it' }).click()
    const link = page.getByRole('link', { name: /Download report \d+/ })
    await link.waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()])
    const chunks: Buffer[] = []
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer)
    const lines = Buffer.concat(chunks).toString().trim().split('\n')
    assert.ok(lines.length > 1 && lines.slice(1).every((line) => line.startsWith('"library"')), lines.join('\n'))
    await eventually(async () => {
      await page.reload()
      await page.getByText('downloaded, or too old').waitFor({ timeout: 5000 })
    })
    assert.deepEqual(visitor.complaints, [])
  })

  test('reactions: facts are read once more from a number on, after it is said what that does', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/jobs?tab=reactions')
    await page.getByRole('button', { name: 'Actions: audit', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Replay facts' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(/does again what follows from them/).waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    await dialog.getByRole('spinbutton').fill('999999999')
    await dialog.getByRole('button', { name: 'Replay facts' }).click()
    await page.getByText('audit begins again from there.').waitFor()
    assert.deepEqual(visitor.complaints, [])
  })

  test('jobs: the runs of all kinds, with their state, cause and log', async () => {
    await using visitor = await visit()
    const { page } = visitor
    const started = await callApi(scene.marina, 'POST', '/export/artifacts', { as: scene.cast.administrator, body: {} })
    assert.ok(started.status < 300, started.text)
    await visitor.go('/jobs?tab=runs')
    await page.getByLabel('Kind', { exact: true }).selectOption('ARTIFACT_EXPORT')
    const row = page
      .getByRole('row', { name: /Reports of artifacts \d+ done by hand/ })
      .or(page.getByRole('row', { name: /Reports of artifacts \d+ done/ }))
    await row.first().waitFor()
    await row.first().getByRole('link').first().click()
    const drawer = page.getByRole('dialog')
    await drawer.getByText('This job does not run any more.').waitFor()
    await drawer.locator('pre').waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    assert.deepEqual(visitor.complaints, [])
  })
})
