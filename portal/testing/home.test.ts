import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { callApi } from '../../server/testing/api.ts'
import { openVisitor } from '../../server/testing/browser.ts'
import { eventually, expectAnswer } from '../../server/testing/http.ts'
import { openPortal } from '../../server/testing/portal.ts'
import { givenFailedRuns } from '../../server/testing/portal-system.ts'
import { openTestMarina } from '../../server/testing/server.ts'

const { scene, visit, browser } = await openPortal()

suite('the home page, the search and the palette', () => {
  test('each caller begins with what they may see', async () => {
    const ofMembers = [
      'hub/library/alpine',
      'library/alpine',
      'team/api',
      'team/charts/web',
      'team/apps/web',
      'team/trial',
    ]
    for (const [role, heading, pushed] of [
      ['anonymous', 'What is public here', ['hub/library/alpine', 'library/alpine']],
      ['stranger', 'Hello, stella', ['hub/library/alpine', 'library/alpine']],
      ['guest', 'Hello, gustav', ofMembers],
      ['administrator', 'Hello, admin', ofMembers],
    ] as const) {
      await using visitor = await visit({ as: scene.cast[role] })
      await visitor.go('/')
      await visitor.page.getByRole('heading', { name: heading, level: 1 }).waitFor()
      const card = visitor.page.locator('.card', { hasText: 'Recently pushed' })
      assert.deepEqual((await card.locator('a.name').allTextContents()).sort(), [...pushed].sort(), role)
      assert.deepEqual(visitor.complaints, [], role)
    }
  })

  test('a project that is nearly full is told to those who can do something about it', async () => {
    const { marina, cast } = scene
    const quotas = (await callApi(marina, 'GET', '/quotas?page_size=100', { as: cast.administrator })).json() as {
      id: number
      ref: { name: string }
      used: { storage: number }
    }[]
    const team = quotas.find(({ ref }) => ref.name === 'team')!
    const body = { hard: { storage: Math.ceil(team.used.storage * 1.05) } }
    expectAnswer(await callApi(marina, 'PUT', `/quotas/${team.id}`, { as: cast.administrator, body }), 200)
    for (const [role, isTold, isMarked] of [
      ['administrator', true, true],
      ['guest', false, true],
      ['stranger', false, false],
    ] as const) {
      await using visitor = await visit({ as: cast[role] })
      await visitor.go('/')
      const told = visitor.page.getByText('The project team has used 95% of its storage.')
      await eventually(async () => assert.equal(await told.count(), Number(isTold), role))
      await eventually(async () =>
        assert.equal(await visitor.page.getByText('95% full').count(), Number(isMarked), role),
      )
      assert.deepEqual(visitor.complaints, [], role)
    }
  })

  test('jobs that failed within a week are told to those who may see jobs, and lead to the runs', async () => {
    const { marina, cast } = scene
    await givenFailedRuns(marina)
    for (const [role, isTold] of [
      ['administrator', true],
      ['projectAdmin', false],
    ] as const) {
      await using visitor = await visit({ as: cast[role] })
      const { page } = visitor
      await visitor.go('/')
      const told = page.getByRole('link', { name: 'One job failed within a week: Collection.' })
      await eventually(async () => assert.equal(await told.count(), Number(isTold), role))
      if (isTold) {
        await told.click()
        await page.getByRole('link', { name: 'Collection: 1' }).click()
        const rows = page.getByRole('table', { name: 'Runs' }).locator('tbody tr')
        await eventually(async () => assert.equal(await rows.count(), 2))
        await rows.first().getByText('the disk is on fire').waitFor()
        assert.equal(new URL(page.url()).searchParams.get('kind'), 'GARBAGE_COLLECTION')
        assert.deepEqual(await visitor.findBarriers(), [])
      }
      assert.deepEqual(visitor.complaints, [], role)
    }
  })

  test('before the first push, home says how it goes', async () => {
    await using marina = await openTestMarina()
    await using visitor = await openVisitor(browser, { url: marina.url, as: marina.admin })
    await visitor.go('/')
    await visitor.page.getByText('Push the first image').waitFor()
    const { host } = new URL(marina.url)
    assert.match(
      (await visitor.page.locator('main pre').textContent())!,
      new RegExp(`docker push ${host}/library/my-image:1.0`),
    )
    assert.deepEqual(visitor.complaints, [])
  })

  test('the search finds projects, repositories, tags and digests, and keeps them in the address', async () => {
    const { marina, cast } = scene
    const answer = await callApi(marina, 'GET', '/projects/team/tags?repository=apps%2Fweb&q=name%3D2.0', {
      as: cast.guest,
    })
    const [{ digest }] = answer.json() as [{ digest: string }]
    await using visitor = await visit({ as: cast.guest })
    const { page } = visitor
    const found = page.locator('.found a.name')
    await visitor.go('/search?q=te')
    const all = ['team', 'team/api', 'team/apps/web', 'team/charts/web', 'team/trial']
    await eventually(async () => assert.deepEqual(await found.allTextContents(), all))
    await page.getByRole('searchbox').fill('2.')
    await eventually(async () => assert.deepEqual(await found.allTextContents(), ['team/apps/web:2.0']))
    assert.equal(new URL(page.url()).search, '?q=2.')
    await page.getByRole('searchbox').fill(digest.slice(0, 24))
    await eventually(async () =>
      assert.deepEqual(await found.allTextContents(), [`team/apps/web@${digest.slice(0, 19)}`]),
    )
    await found.first().click()
    await page.getByRole('heading', { name: 'apps/web:latest', level: 1 }).waitFor()
    await visitor.go('/search?q=%3Cimg%20src%3Dx%3E')
    await page.getByText('Nothing is called <img src=x>').waitFor()
    assert.deepEqual(visitor.complaints, [])
    await using stranger = await visit({ as: cast.stranger })
    await stranger.go('/search?q=2.')
    await stranger.page.getByText('Nothing is called 2.').waitFor()
  })

  test('by keyboard alone: the palette leads to a tag, and does things', async () => {
    await using visitor = await visit({ as: scene.cast.developer })
    const { page } = visitor
    await visitor.go('/')
    await page.keyboard.press('Control+K')
    await page.getByRole('dialog').getByRole('combobox').waitFor()
    await page.keyboard.type('2.0')
    // The last option is there when the list is that of the whole text.
    await page.getByRole('option', { name: 'Search everywhere for 2.0' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'apps/web:2.0', level: 1 }).waitFor()
    await page.keyboard.press('Control+K')
    await page.getByRole('dialog').getByRole('combobox').waitFor()
    await page.keyboard.type('dark')
    await page.getByRole('option', { name: 'Search everywhere for dark' }).waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await eventually(async () => assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark'))
    await page.keyboard.press('Control+K')
    await page.getByRole('dialog').getByRole('combobox').waitFor()
    await page.keyboard.type('nothing like it')
    await page.getByRole('option', { name: 'Search everywhere for nothing like it' }).click()
    await page.getByText('Nothing is called nothing like it').waitFor()
    assert.deepEqual(visitor.complaints, [])
  })
})
