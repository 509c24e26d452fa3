import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { callApi } from '../../server/testing/api.ts'
import { pushImage } from '../../server/testing/given.ts'
import { eventually } from '../../server/testing/http.ts'
import { givenManyTags } from '../../server/testing/portal-images.ts'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, visit } = await openPortal()

const web = '/p/team/-/r/apps/web'
/** Chromium itself notes each answer of 401 and 403 that a page asked for. */
const isRefusal = (complaint: string) => /40[13]/.test(complaint)

suite('pages of a project and a repository', () => {
  test('who is not in a private project is refused, with a way to sign in', async () => {
    for (const role of ['anonymous', 'stranger'] as const) {
      for (const path of ['/p/team', web, `${web}/-/a/2.0`, `${web}/-/compare?a=1.0&b=1.1`]) {
        await using visitor = await visit({ as: scene.cast[role] })
        await visitor.go(path)
        await visitor.page.getByRole('alert').waitFor()
        const signIn = visitor.page.locator('main').getByRole('link', { name: 'Sign in' })
        assert.equal(await signIn.count(), role === 'anonymous' ? 1 : 0, `${role} ${path}`)
        assert.deepEqual(
          visitor.complaints.filter((one) => !isRefusal(one)),
          [],
          `${role} ${path}`,
        )
      }
    }
  })

  test('each role sees the repositories and tags of its project, and what it may do with them', async () => {
    const all = [
      'Repositories',
      'Members',
      'Access',
      'Robots',
      'Workloads',
      'Labels',
      'Rules',
      'Webhooks',
      'Preheat',
      'Usage',
      'Trash',
      'Activity',
      'Settings',
    ]
    const without = (...names: string[]) => all.filter((one) => !names.includes(one))
    for (const [role, tabs, mayPush, mayDelete] of [
      ['guest', ['Repositories', 'Members', 'Robots', 'Workloads', 'Labels', 'Usage'], false, false],
      ['developer', ['Repositories', 'Members', 'Robots', 'Workloads', 'Labels', 'Rules', 'Usage'], true, false],
      ['maintainer', without('Access', 'Preheat', 'Activity', 'Settings'), true, true],
      ['projectAdmin', all, true, true],
      ['administrator', all, true, true],
    ] as const) {
      await using visitor = await visit({ as: scene.cast[role] })
      const { page } = visitor
      await visitor.go('/p/team?sort=name')
      const seen = await page.locator('a.name').allTextContents()
      assert.deepEqual(seen, ['api', 'apps/web', 'charts/web', 'trial'], role)
      assert.deepEqual(await page.locator('.tabs a').allTextContents(), tabs, role)
      assert.equal(await page.getByRole('button', { name: 'Push an image' }).count(), Number(mayPush), role)
      assert.equal(await page.getByRole('checkbox', { name: 'Select api' }).count(), Number(mayDelete), role)
      await page.getByRole('link', { name: 'apps/web' }).click()
      await page.getByRole('heading', { name: 'apps/web', level: 1 }).waitFor()
      await visitor.settle()
      assert.deepEqual(await page.locator('a.name').allTextContents(), ['latest', '2.0', '1.1', '1.0'], role)
      await page.getByRole('button', { name: 'Actions: 1.0' }).click()
      const untag = page.getByRole('menuitem', { name: 'Remove this tag' })
      assert.equal(await untag.getAttribute('aria-disabled'), mayDelete ? null : 'true', role)
      assert.deepEqual(visitor.complaints, [], role)
    }
  })

  test('a list shows how many tags a repository has, and how many bytes it holds', async () => {
    const answer = await callApi(scene.marina, 'GET', '/projects/team/repositories?with_usage=true&q=name%3D~apps', {
      as: scene.cast.guest,
    })
    const [web] = answer.json() as { tag_count: number; size: number }[]
    await using visitor = await visit({ as: scene.cast.guest })
    const { page } = visitor
    await visitor.go('/p/team')
    const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'apps/web' }) })
    const heads = await page.getByRole('columnheader').allInnerTexts()
    const cells = await row.getByRole('cell').allInnerTexts()
    const cellOf = (title: string) => cells[heads.findIndex((one) => one.trim() === title)]
    assert.equal(cellOf('Tags'), String(web!.tag_count))
    assert.match(cellOf('Size')!, /^[\d.,]+ KiB$/)
    assert.ok(Math.abs(Number(cellOf('Size')!.replace(',', '').split(' ')[0]) - web!.size / 1024) < 1)
    assert.deepEqual(visitor.complaints, [])
  })

  test('a public project is open to visitors, and an empty one says how to push, with this host and user', async () => {
    await using visitor = await visit()
    await visitor.go('/p/library/-/r/alpine')
    assert.deepEqual(await visitor.page.locator('a.name').allTextContents(), ['3.20'])
    assert.equal(await visitor.page.getByRole('button', { name: 'Actions: 3.20' }).count(), 0)
    await visitor.go('/p/tools')
    await visitor.page.getByText('Your role here may pull, and not push.').waitFor()
    assert.deepEqual(visitor.complaints, [])
    await using owner = await visit({ as: scene.cast.administrator })
    await owner.go('/p/tools')
    const { host } = new URL(scene.marina.url)
    assert.equal(
      await owner.page.locator('main pre').textContent(),
      `docker login ${host} --username admin\ndocker tag my-image ${host}/tools/my-image:1.0\n` +
        `docker push ${host}/tools/my-image:1.0`,
    )
  })

  test('by keyboard alone: a repository is deleted once its name is typed', async () => {
    const { marina, cast } = scene
    await pushImage(marina, 'team/old', { as: cast.maintainer, tag: 'first' })
    await using visitor = await visit({ as: cast.maintainer })
    const { page } = visitor
    await visitor.go('/p/team?q=old')
    await page.getByRole('button', { name: 'Actions: old' }).focus()
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Delete the repository team/old?' })
    await dialog.getByText('Its one artifact goes').waitFor()
    await page.getByLabel('Type old to confirm').focus()
    await page.keyboard.type('old')
    await page.keyboard.press('Enter')
    await page.getByText('team/old is deleted.').waitFor()
    await page.getByText('Nothing fits the filter').waitFor()
    const gone = await callApi(marina, 'GET', '/projects/team/repositories/old', { as: cast.maintainer })
    assert.equal(gone.status, 404)
    const trash = await callApi(marina, 'GET', '/projects/team/trash', { as: cast.maintainer })
    assert.match(trash.text, /"team\/old"/)
    assert.deepEqual(visitor.complaints, [])
  })

  test('tags are filtered, added and removed; two that are selected are compared', async () => {
    const { marina, cast } = scene
    await using visitor = await visit({ as: cast.maintainer })
    const { page } = visitor
    const names = page.locator('a.name')
    await visitor.go(`${web}?q=1.`)
    assert.deepEqual(await names.allTextContents(), ['1.1', '1.0'])
    await page.getByRole('button', { name: 'Actions: 1.0' }).click()
    await page.getByRole('menuitem', { name: 'Add a tag' }).click()
    const field = page.getByRole('textbox', { name: 'Tag (required)' })
    await field.fill('not a tag')
    await page.keyboard.press('Enter')
    await page.getByText('This cannot be a tag').waitFor()
    await field.fill('2.0')
    await page.keyboard.press('Enter')
    await page.getByText('the tag 2.0 exists already in team/apps/web').waitFor()
    await field.fill('1.0-again')
    await page.keyboard.press('Enter')
    await page.getByText('The tag 1.0-again is there.').waitFor()
    await eventually(async () => assert.deepEqual(await names.allTextContents(), ['1.0-again', '1.1', '1.0']))
    await page.getByRole('button', { name: 'Actions: 1.0-again' }).click()
    await page.getByRole('menuitem', { name: 'Remove this tag' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove the tag' }).click()
    await eventually(async () => assert.deepEqual(await names.allTextContents(), ['1.1', '1.0']))
    const tags = await callApi(marina, 'GET', '/projects/team/tags?repository=apps%2Fweb', { as: cast.guest })
    assert.deepEqual(
      (tags.json() as { name: string }[]).map(({ name }) => name),
      ['latest', '2.0', '1.1', '1.0'],
    )
    for (const name of ['1.0', '1.1']) await page.getByRole('checkbox', { name: `Select ${name}` }).check()
    await page.getByRole('button', { name: 'Compare' }).click()
    await page.getByRole('heading', { name: '1.0 ↔ 1.1', level: 1 }).waitFor()
    const config = page.getByRole('table', { name: 'Config' })
    await config.getByText('APP_VERSION').waitFor()
    assert.deepEqual(await config.locator('tbody tr').first().locator('del, ins').allTextContents(), ['1.0', '1.1'])
    await page.getByText('2 shared').waitFor()
    // Chromium itself notes the answer of 409.
    assert.deepEqual(
      visitor.complaints.filter((one) => !one.includes('409')),
      [],
    )
  })

  test('a description is shown as elements, and markup in it as text', async () => {
    await using visitor = await visit({ as: scene.cast.developer })
    const { page } = visitor
    await visitor.go(`${web}?tab=about`)
    const shown = page.locator('.markdown')
    await shown.getByRole('heading', { name: 'Web', level: 2 }).waitFor()
    await shown.getByText('<script>alert("shown as text")</script>').waitFor()
    assert.equal(await shown.locator('script, img, a').count(), 0)
    await page.getByRole('button', { name: 'Edit the description' }).click()
    await page
      .getByRole('textbox', { name: 'Description' })
      .fill('# Web\n\n[Docs](https://example.com/) ![logo](https://example.com/x.png) <img src=x onerror=alert(1)>')
    await page.getByRole('button', { name: 'Save' }).click()
    await shown.getByRole('link', { name: 'Docs' }).waitFor()
    assert.equal(await shown.getByRole('link', { name: 'logo' }).getAttribute('rel'), 'noopener noreferrer nofollow')
    assert.equal(await shown.locator('img').count(), 0)
    assert.deepEqual(visitor.complaints, [])
  })

  test('a repository with 10,000 tags shows its first page, and finds one among them', async () => {
    const { marina, cast } = scene
    await givenManyTags(marina, await pushImage(marina, 'team/many', { as: cast.developer, tag: 'first' }), 9999)
    await using visitor = await visit({ as: cast.guest })
    const { page } = visitor
    await visitor.go('/p/team/-/r/many?sort=name')
    assert.equal(await page.locator('tr[data-row]').count(), 25)
    await page.getByText('1–25 of 10,000').waitFor()
    await page.getByRole('searchbox', { name: 'Filter by tag' }).fill('v09999')
    await eventually(async () => assert.deepEqual(await page.locator('a.name').allTextContents(), ['v09999']))
    await page.locator('a.name').click()
    await page.getByRole('heading', { name: 'many:v09999', level: 1 }).waitFor()
    await visitor.settle()
    assert.ok((await page.locator('main *').count()) < 3000, 'the page names a part of the tags')
    await visitor.go('/p/team/-/r/many?sort=name&page=400')
    await page.getByText('9,976–10,000 of 10,000').waitFor()
    await page.locator('a.name').last().getByText('v09999', { exact: true }).waitFor()
    assert.deepEqual(visitor.complaints, [])
  })
})
