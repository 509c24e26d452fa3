import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { eventually, expectAnswer } from '../../server/testing/http.ts'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, visit: open, rest } = await openPortal()

suite('the pages of rules and of the trash', () => {
  const visit = () => open({ as: scene.cast.projectAdmin })
  const get = async (path: string): Promise<unknown> =>
    expectAnswer(await rest('GET', path, scene.cast.administrator), 200).json()
  const tagsOf = async (repository: string): Promise<string[]> => {
    const path = `/projects/team/repositories/${encodeURIComponent(encodeURIComponent(repository))}/artifacts`
    const artifacts = (await get(`${path}?with_tag=true&page_size=100`)) as { tags: { name: string }[] | null }[]
    return artifacts.flatMap(({ tags }) => (tags ?? []).map(({ name }) => name)).sort()
  }

  test('rules stand in sentences, and the preview says of each tag what decides and by which value', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/p/team/-/rules')
    await page.getByText('Keep tags 1.* in every repository which are among the 2 last pushed').waitFor()
    await page.getByText('Keep every tag in api').waitFor()
    await page.getByText('Delete all tags except latest in every repository').waitFor()
    await page.getByText('Keep tags v* in every repository as they are').waitFor()
    await page.getByText('every day at 03:00 UTC').waitFor()
    await visitor.go('/p/team/-/rules?view=preview&show=all')
    const row = (name: string) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
    assert.match((await row('apps/web:latest').textContent())!, /stays.*no rule picks it/)
    assert.match((await row('apps/web:1.1').textContent())!, /stays.*rule 1: number \d of \d+ by time of push/)
    assert.match((await row('api:2024.1').textContent())!, /stays.*rule 2/)
    assert.match((await row('apps/web:2.0').textContent())!, /goes.*rule 3/)
    await page.getByRole('searchbox', { name: 'Repository' }).fill('api')
    await eventually(async () => assert.equal(await page.locator('tbody tr').count(), 1))
    assert.deepEqual(visitor.complaints, [])
  })

  test('it says why a tag is here, and of one that is not there that it is not', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/p/team/-/rules?view=why')
    await page.getByRole('combobox', { name: 'Repository' }).fill('apps/we')
    await page.getByRole('option', { name: 'apps/web' }).click()
    await page.getByLabel('Tag or digest').fill('2.0')
    await page.getByRole('button', { name: 'Explain' }).click()
    await page.getByRole('heading', { name: 'apps/web:2.0 goes with the next run' }).waitFor()
    await page.getByText('Rule 3: the rest').waitFor()
    await page.getByLabel('Tag or digest').fill('none-such')
    await page.getByRole('button', { name: 'Explain' }).click()
    await page.getByRole('heading', { name: 'This does not exist' }).waitFor()
  })

  test('an edit is tried before it is saved: what it changes, and a warning about a large share', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/p/team/-/rules')
    await page.getByRole('button', { name: 'Edit', exact: true }).click()
    const dialog = page.getByRole('dialog')
    const first = dialog.getByRole('group', { name: 'Rule 1' })
    await first.getByLabel('Tags').fill('none-such')
    await first.getByText('Keep tags none-such in every repository').waitFor()
    await dialog
      .getByRole('group', { name: 'Rule 2' })
      .getByRole('button', { name: /^Remove/ })
      .click()
    await dialog.getByRole('button', { name: 'What would it do?' }).click()
    await dialog.getByText('are decided otherwise than now').waitFor()
    await dialog.getByText('Look at the list before you run it.').waitFor()
    const saved = (await get('/retentions/1')) as { ordered_rules: unknown[] }
    assert.equal(saved.ordered_rules.length, 3)
    await dialog.getByRole('group', { name: 'Rule 1' }).getByLabel('Tags').fill('1.*')
    await dialog.getByRole('button', { name: 'Another rule' }).click()
    await dialog.getByRole('group', { name: 'Rule 3' }).getByLabel('Repositories').fill('api, !api/old')
    await dialog
      .getByRole('group', { name: 'Rule 3' })
      .getByRole('button', { name: /^Move up/ })
      .click()
    await dialog.getByLabel('Guard, in percent of the tags').fill('80')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The retention policy is saved.').waitFor()
    await page.getByText('a run that would delete more than 80% of the tags deletes nothing').waitFor()
    const { ordered_rules: rules } = (await get('/retentions/1')) as { ordered_rules: object[] }
    assert.deepEqual(rules[1], {
      action: 'keep',
      repositories: [
        { pattern: 'api', excludes: false },
        { pattern: 'api/old', excludes: true },
      ],
    })
    assert.deepEqual(visitor.complaints, [])
  })

  test('a rule may choose by regular expressions, take artifacts without tags, and count within groups', async () => {
    await using visitor = await visit()
    const { page } = visitor
    const before = await get('/retentions/1')
    await visitor.go('/p/team/-/rules')
    await page.getByRole('button', { name: 'Edit', exact: true }).click()
    const dialog = page.getByRole('dialog')
    const first = dialog.getByRole('group', { name: 'Rule 1' })
    await first.getByLabel('Tags').fill('^[a-z]+-[0-9]{1,3}$')
    await first.getByLabel('Tag patterns are').selectOption('regex')
    await first.getByText('Also artifacts that have no tag').click()
    await first.getByLabel('The newest').fill('3')
    await first.getByLabel('of each').selectOption('pattern')
    await first.getByLabel('Groups by').fill('^([a-z]+)-')
    assert.deepEqual(await visitor.findBarriers(), [])
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The retention policy is saved.').waitFor()
    const { ordered_rules: saved } = (await get('/retentions/1')) as { ordered_rules: Record<string, unknown>[] }
    assert.deepEqual(saved[0]!['tags'], [
      { kind: 'regex', pattern: '^[a-z]+-[0-9]{1,3}$', excludes: false, untagged: true },
    ])
    assert.deepEqual(saved[0]!['newest'], { count: 3, by: 'pushed', per: 'pattern', pattern: '^([a-z]+)-' })
    expectAnswer(await rest('PUT', '/retentions/1', scene.cast.administrator, before), 200)
    assert.deepEqual(visitor.complaints, [])
  })

  test('a run deletes what was shown, its log says why, and it is taken back as a whole', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/p/team/-/rules')
    const before = await tagsOf('apps/web')
    await page.getByRole('button', { name: 'Run now' }).click()
    await page.getByRole('button', { name: 'Delete 1 tags' }).click()
    await page.getByText('The run has begun.').waitFor()
    await page.getByRole('row').getByText('done').waitFor()
    assert.deepEqual(
      await tagsOf('apps/web'),
      before.filter((tag) => tag !== '2.0'),
    )
    await page.locator('.link-button').first().click()
    await page.getByRole('button', { name: 'Show the log: apps/web' }).click()
    const log = page.getByRole('region', { name: 'Log' })
    await log.waitFor()
    await eventually(async () => assert.match((await log.textContent())!, /team\/apps\/web.*2\.0.*DEL/s))
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
    await page.getByRole('button', { name: /^Actions: Run/ }).click()
    await page.getByRole('menuitem', { name: 'Take it back' }).click()
    await page.getByText('One deletion comes back').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Take it back' }).click()
    await eventually(async () => assert.deepEqual(await tagsOf('apps/web'), before))
    assert.deepEqual(visitor.complaints, [])
  })

  test('an immutable rule is made, switched off, and deleted; the same one twice is told', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/p/team/-/rules')
    await page.getByRole('button', { name: 'New rule' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByText('The project has this rule already.').waitFor()
    await dialog.getByLabel('Tags', { exact: false }).first().fill('release-*')
    await dialog.getByLabel('Repositories', { exact: false }).first().fill('apps/**')
    await dialog.getByRole('button', { name: 'Create' }).click()
    const sentence = 'Keep tags release-* in apps/** as they are'
    await page.getByText(sentence).first().waitFor()
    for (const [item, seen] of [
      ['Switch off', true],
      ['Delete', false],
    ] as const) {
      await page.getByRole('button', { name: `Actions: ${sentence}` }).click()
      await page.getByRole('menuitem', { name: item }).click()
      if (!seen) await dialog.getByRole('button', { name: 'Delete' }).click()
      const rules = async () => (await get('/projects/team/immutabletagrules')) as { disabled: boolean }[]
      await eventually(async () =>
        assert.equal(
          (await rules()).some(({ disabled }) => disabled),
          seen,
        ),
      )
    }
  })

  test('deletions are listed with who and until when, and come back one by one or several at once', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/p/team/-/trash?kind=repository')
    assert.equal(await page.locator('tbody tr[data-row]').count(), 1)
    const row = page.getByRole('row').filter({ hasText: 'legacy' })
    assert.match((await row.textContent())!, /one artifact, one tag.*by admin.*in 7 days/)
    await page.getByRole('button', { name: 'Actions: legacy' }).click()
    await page.getByRole('menuitem', { name: 'Restore' }).click()
    await page.getByRole('dialog').getByText('0.9').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click()
    await page.getByText('legacy is back.').waitFor()
    assert.deepEqual(await tagsOf('legacy'), ['0.9'])
    await visitor.go('/p/team/-/trash')
    await page.getByRole('checkbox', { name: 'Select all on this page' }).check()
    await page
      .getByRole('region', { name: /selected/ })
      .getByRole('button', { name: 'Restore' })
      .click()
    await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click()
    await page.getByRole('heading', { name: 'Nothing in the trash' }).waitFor()
    assert.deepEqual(await tagsOf('trial'), ['right', 'wrong'])
    assert.deepEqual(visitor.complaints, [])
  })
})
