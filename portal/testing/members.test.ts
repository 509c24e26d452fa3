import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { eventually, expectAnswer } from '../../server/testing/http.ts'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, visit: open, rest } = await openPortal()

suite('the pages of members, robots and labels', () => {
  const visit = (options = {}) => open({ as: scene.cast.projectAdmin, ...options })
  const get = async (path: string): Promise<unknown> =>
    expectAnswer(await rest('GET', path, scene.cast.administrator), 200).json()

  test('a person is found, added, given another role, which is taken back, and removed', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/p/team/-/members')
    const names = () => page.locator('tbody tr[data-row] .name').allTextContents()
    assert.deepEqual(await names(), ['admin', 'dora', 'gustav', 'maik', 'paula'])
    await page.getByRole('button', { name: 'Add member' }).click()
    await page.keyboard.type('stel')
    await page.getByRole('option', { name: 'stella' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('radio', { name: 'Maintainer' }).check()
    await page.getByRole('dialog').getByRole('button', { name: 'Add member' }).click()
    await page.getByText('stella is now Maintainer.').waitFor()
    const roleOf = async () => {
      const members = (await get('/projects/team/members?entityname=stella')) as { role_id: number }[]
      return members[0]?.role_id
    }
    assert.equal(await roleOf(), 4)
    await page.getByRole('button', { name: 'Actions: stella' }).click()
    await page.getByRole('menuitem', { name: 'Change role' }).click()
    await page.getByRole('radio', { name: 'Limited guest' }).check()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('stella is now Limited guest.').waitFor()
    assert.equal(await roleOf(), 5)
    await page.getByRole('button', { name: 'Undo' }).last().click()
    await eventually(async () => assert.equal(await roleOf(), 4))
    await page.getByRole('button', { name: 'Actions: stella' }).click()
    await page.getByRole('menuitem', { name: 'Remove' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByText('stella is no longer a member.').waitFor()
    assert.equal(await roleOf(), undefined)
    assert.deepEqual(visitor.complaints, [])
  })

  test('an account that does not exist, or is a member already, is told at the field', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/p/team/-/members')
    await page.getByRole('button', { name: 'Add member' }).click()
    for (const [name, told] of [
      ['nobody-of-that-name', 'There is no account or group called nobody-of-that-name.'],
      ['dora', 'dora is a member already.'],
    ] as const) {
      await page.getByRole('combobox').fill(name)
      await page.getByRole('combobox').press('Escape')
      await page.getByRole('dialog').getByRole('button', { name: 'Add member' }).click()
      await page.getByText(told).waitFor()
      assert.equal(await page.getByRole('combobox').getAttribute('aria-invalid'), 'true')
    }
  })

  test('a robot is made step by step; what it may do is said in words, and its secret works', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/p/team/-/robots')
    await page.getByRole('button', { name: 'New robot' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('pull and push').waitFor()
    await dialog.getByText('delete or change members').waitFor()
    await dialog.getByRole('button', { name: 'Next' }).click()
    await dialog.getByRole('button', { name: 'Next' }).click()
    await dialog.getByText('Use small letters and digits').waitFor()
    await dialog.getByLabel('Name', { exact: true }).fill('deploy')
    await page.keyboard.press('Enter')
    await dialog.getByRole('radio', { name: '30 days' }).check()
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('dialog', { name: 'The robot deploy is there' }).waitFor()
    const secret = await page.locator('.secret').textContent()
    const host = new URL(scene.marina.url).host
    const command = await page.getByRole('region', { name: 'docker login' }).textContent()
    assert.equal(
      command,
      `printf %s '${secret}' | docker login ${host} --username 'robot$team+deploy' --password-stdin`,
    )
    const login = { kind: 'robot', id: 0, name: 'robot$team+deploy', password: secret! } as const
    await page.getByRole('radio', { name: 'Kubernetes' }).check()
    assert.match(
      (await page.getByRole('region', { name: 'Kubernetes' }).textContent())!,
      /--docker-username='robot\$team\+deploy'/,
    )
    expectAnswer(await scene.marina.ask('GET', '/v2/team/api/tags/list', { as: login }), 200)
    await page.getByRole('button', { name: 'I have copied it' }).click()
    await page.getByRole('button', { name: 'Actions: robot$team+deploy' }).click()
    await page.getByRole('menuitem', { name: 'Disable' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click()
    await page.getByText('robot$team+deploy is disabled.').waitFor()
    assert.equal((await scene.marina.ask('GET', '/v2/team/api/tags/list', { as: login })).status, 401)
    assert.deepEqual(visitor.complaints, [])
  })

  test('an edit of a robot keeps its name, and changes only what was changed', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/p/team/-/robots')
    await page.getByRole('button', { name: 'Actions: robot$team+cluster' }).click()
    await page.getByRole('menuitem', { name: 'Edit' }).click()
    const dialog = page.getByRole('dialog')
    assert.equal(await dialog.getByRole('radio', { name: 'Pull only' }).isChecked(), true)
    await dialog.getByRole('radio', { name: 'Other rights' }).check()
    await dialog.getByRole('group', { name: 'Tags', exact: true }).getByRole('checkbox', { name: 'list' }).check()
    for (const name of ['Next', 'Next', 'Save']) await dialog.getByRole('button', { name }).click()
    await page.getByText('The robot robot$team+cluster is saved.').waitFor()
    const { project_id: id } = (await get('/projects/team')) as { project_id: number }
    const robots = (await get(`/robots?q=Level%3Dproject%2CProjectID%3D${id}`)) as {
      name: string
      expires_at: number
      permissions: { access: { resource: string; action: string }[] }[]
    }[]
    const { permissions, expires_at: end } = robots.find(({ name }) => name === 'robot$team+cluster')!
    assert.equal(end, -1)
    assert.deepEqual(permissions[0]!.access.map(({ resource, action }) => `${resource}:${action}`).sort(), [
      'repository:pull',
      'tag:list',
    ])
  })

  test('a label with a name like markup is shown as text; one is made, found by its filter, and deleted', async () => {
    await using visitor = await visit({ as: scene.cast.maintainer })
    const { page } = visitor
    await visitor.go('/p/team/-/labels')
    await page.getByRole('cell', { name: '<b>bold</b>', exact: true }).waitFor()
    await page.getByRole('button', { name: 'New label' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name').fill('production')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByText('There is already a label called production.').waitFor()
    await dialog.getByLabel('Name').fill('staging')
    await dialog.getByRole('button', { name: '#5b4bb5' }).click()
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByText('The label staging is there.').waitFor()
    await page.getByRole('searchbox', { name: 'Filter by name' }).fill('stag')
    await eventually(async () => assert.equal(await page.locator('tbody tr[data-row]').count(), 1))
    assert.equal(new URL(page.url()).searchParams.get('q'), 'stag')
    await page.getByRole('button', { name: 'Actions: staging' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('The label staging is deleted.').waitFor()
    assert.deepEqual(
      visitor.complaints.filter((one) => !one.includes('status of 409')),
      [],
    )
  })
})
