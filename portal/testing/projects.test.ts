import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { eventually } from '../../server/testing/http.ts'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, visit } = await openPortal()

suite('the page of projects', () => {
  test('each caller sees the projects that the API shows them, and only actions that they may take', async () => {
    for (const [role, names, mayCreate] of [
      ['anonymous', ['hub', 'library', 'tools'], false],
      ['stranger', ['hub', 'library', 'tools'], true],
      ['guest', ['hub', 'library', 'team', 'tools'], true],
      ['administrator', ['hub', 'library', 'team', 'tools'], true],
    ] as const) {
      await using visitor = await visit({ as: scene.cast[role] })
      await visitor.go('/projects')
      const shown = await visitor.page.locator('tbody tr[data-row] a.name').allTextContents()
      assert.deepEqual(shown, names, role)
      assert.equal(await visitor.page.getByRole('button', { name: 'New project' }).count(), mayCreate ? 1 : 0, role)
      assert.deepEqual(visitor.complaints, [], role)
    }
  })

  test('filter, order and page stand in the address, and the way back leads to them', async () => {
    await using visitor = await visit({ as: scene.cast.administrator })
    const { page } = visitor
    await visitor.go('/projects?sort=-name')
    assert.deepEqual(await page.locator('a.name').allTextContents(), ['tools', 'team', 'library', 'hub'])
    await page.getByRole('searchbox', { name: 'Filter by name' }).fill('t')
    await eventually(async () => assert.deepEqual(await page.locator('a.name').allTextContents(), ['tools', 'team']))
    assert.equal(new URL(page.url()).search, '?sort=-name&q=t')
    await page.reload()
    await visitor.settle()
    assert.deepEqual(await page.locator('a.name').allTextContents(), ['tools', 'team'])
    await page.getByRole('searchbox', { name: 'Filter by name' }).fill('nothing-like-it')
    await page.getByRole('button', { name: 'Clear the filter' }).click()
    await eventually(async () => assert.equal(await page.locator('a.name').count(), 4))
  })

  test('by keyboard alone: a project is made, found and deleted', async () => {
    await using visitor = await visit({ as: scene.cast.administrator })
    const { page } = visitor
    await visitor.go('/projects')
    await page.getByRole('button', { name: 'New project' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('textbox', { name: 'Name' }).waitFor()
    await page.keyboard.type('Bad Name')
    await page.keyboard.press('Enter')
    await page.getByText('Use small letters and digits').waitFor()
    await page.keyboard.press('Control+A')
    await page.keyboard.type('by-keys')
    await page.keyboard.press('Enter')
    await page.getByText('The project by-keys is there.').waitFor()
    assert.equal(await page.locator(':focus').textContent(), 'New project')
    const created = await scene.marina.ask('GET', '/api/v2.0/projects/by-keys', { as: scene.cast.administrator })
    assert.equal((created.json() as { metadata: { public: string } }).metadata.public, 'false')

    const menu = page.getByRole('button', { name: 'Actions: by-keys' })
    await menu.focus()
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Delete the project by-keys?' }).waitFor()
    await page.getByLabel('Type by-keys to confirm').focus()
    await page.keyboard.type('by-keys')
    await page.keyboard.press('Enter')
    await page.getByText('The project by-keys is deleted.').waitFor()
    await eventually(async () => assert.equal(await menu.count(), 0))
    const gone = await scene.marina.ask('GET', '/api/v2.0/projects/by-keys', { as: scene.cast.administrator })
    assert.equal(gone.status, 404)
    assert.deepEqual(visitor.complaints, [])
  })

  test('a project that holds repositories says why it stays', async () => {
    await using visitor = await visit({ as: scene.cast.administrator })
    const { page } = visitor
    await visitor.go('/projects')
    await page.getByRole('button', { name: 'Actions: team' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByText('It still holds repositories.').waitFor()
    assert.equal(await page.getByLabel('Type team to confirm').count(), 0)
    await page.keyboard.press('Escape')
    assert.equal(await page.getByRole('dialog').count(), 0)
  })

  test('a name that is taken is told at its field, and the dialog stays', async () => {
    await using visitor = await visit({ as: scene.cast.administrator })
    const { page } = visitor
    await visitor.go('/projects')
    await page.getByRole('button', { name: 'New project' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('team')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByText('There is already a project called team.').waitFor()
    assert.equal(await page.getByRole('textbox', { name: 'Name' }).getAttribute('aria-invalid'), 'true')
  })

  test('selected projects are deleted one by one, and those that stay are named', async () => {
    const { ask, admin } = scene.marina
    for (const name of ['bulk-a', 'bulk-b']) {
      const body = JSON.stringify({ project_name: name })
      await ask('POST', '/api/v2.0/projects', { as: admin, body, headers: { 'content-type': 'application/json' } })
    }
    await using visitor = await visit({ as: admin })
    const { page } = visitor
    await visitor.go('/projects')
    for (const name of ['bulk-a', 'bulk-b', 'team'])
      await page.getByRole('checkbox', { name: `Select ${name}` }).check()
    await page.getByRole('region', { name: '3 selected' }).getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('1 failed').waitFor()
    await page.getByText('team: the project team still holds artifacts').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
    await eventually(async () =>
      assert.deepEqual(await page.locator('a.name').allTextContents(), ['hub', 'library', 'team', 'tools']),
    )
  })

  test('Ctrl+K finds projects and repositories by a part of their name', async () => {
    await using visitor = await visit({ as: scene.cast.developer })
    const { page } = visitor
    await visitor.go('/projects')
    await page.keyboard.press('Control+K')
    await page.locator('input[role=combobox]:focus').waitFor()
    await page.keyboard.type('apps/we')
    await page.getByRole('option', { name: 'Search everywhere for apps/we' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/p/team/-/r/apps/web')
  })
})
