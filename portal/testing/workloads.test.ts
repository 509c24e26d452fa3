import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { callApi, create } from '../../server/testing/api.ts'
import { eventually, expectAnswer } from '../../server/testing/http.ts'
import { githubClaims, openIssuer } from '../../server/testing/issuer.ts'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, visit: open } = await openPortal()
const { marina, cast } = scene
const issuer = await openIssuer()
after(() => issuer[Symbol.asyncDispose]())

const audience = 'registry.example'
const tokenOf = (ref: string) => issuer.sign(githubClaims({ audience, repository: 'octo/app', ref }))
const pullBy = (name: string, password: string) =>
  marina.ask('GET', '/v2/team/apps/web/tags/list', { as: { kind: 'robot', id: 0, name, password } })

suite('workloads and robots that change their secret', () => {
  test('a trust rule is made, tried with two tokens, lets the right one in, and ends at once', async () => {
    await using visitor = await open({ as: cast.projectAdmin })
    const { page } = visitor
    await visitor.go('/p/team/-/workloads')
    await page.getByRole('heading', { name: 'No trust rules yet' }).waitFor()
    await page.getByRole('button', { name: 'GitHub Actions' }).click()
    const dialog = page.getByRole('dialog')
    const known = await dialog.getByLabel('Issuer (required)').inputValue()
    assert.equal(known, 'https://token.actions.githubusercontent.com')
    await dialog.getByLabel('Name (required)').fill('builds')
    await dialog.getByLabel('Issuer (required)').fill(issuer.url)
    await dialog.getByLabel('Audience (required)').fill(audience)
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByText('Give each claim a name and a value.').waitFor()
    await dialog.getByLabel('Value 1').fill('octo/app')
    await dialog.getByLabel('Only in these repositories').fill('apps/**\n{')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.locator('.field-error', { hasText: 'of repositories cannot be used' }).waitFor()
    assert.ok(visitor.complaints.splice(0).every((one) => one.includes('status of 400')))
    await dialog.getByLabel('Only in these repositories').fill('apps/**')
    assert.deepEqual(await visitor.findBarriersInBoth(), [])
    await dialog.getByRole('button', { name: 'Create' }).click()
    const row = page.getByRole('row', { name: /^builds / })
    await row.getByText('repository = octo/app, ref = refs/heads/main').waitFor()

    const [right, wrong] = [await tokenOf('refs/heads/main'), await tokenOf('refs/heads/other')]
    await page.getByRole('button', { name: 'Try a token' }).click()
    await dialog.getByLabel('Token', { exact: true }).fill(right)
    await dialog.getByRole('button', { name: 'Try it' }).click()
    await dialog.getByText('It would get in.').waitFor()
    await dialog.getByText('refs/heads/main').first().waitFor()
    await dialog.getByLabel('Token', { exact: true }).fill(wrong)
    await dialog.getByRole('button', { name: 'Try it' }).click()
    await dialog.getByText('No rule takes it.').waitFor()
    await dialog.getByText('does not fit').waitFor()
    assert.deepEqual(await visitor.findBarriersInBoth(), [])
    await page.keyboard.press('Escape')
    expectAnswer(await pullBy('workload', right), 200)
    assert.equal((await pullBy('workload', wrong)).status, 401)

    await page.getByRole('button', { name: 'Actions: builds' }).click()
    await page.getByRole('menuitem', { name: 'Switch off' }).click()
    await row.getByText('off', { exact: true }).waitFor()
    await eventually(async () => assert.equal((await pullBy('workload', right)).status, 401))
    await page.getByRole('button', { name: 'Actions: builds' }).click()
    await page.getByRole('menuitem', { name: 'Edit' }).click()
    assert.equal(await dialog.getByLabel('Value 2').inputValue(), 'refs/heads/main')
    await dialog.getByLabel('How many minutes').fill('10')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await eventually(async () => {
      const asked = await callApi(marina, 'GET', '/projects/team/workloads', { as: cast.projectAdmin })
      const [rule] = expectAnswer(asked, 200).json() as { duration: number; disable: boolean; repositories: string[] }[]
      assert.deepEqual([rule!.duration, rule!.disable, rule!.repositories], [600, true, ['apps/**']])
    })
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Actions: builds' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('heading', { name: 'No trust rules yet' }).waitFor()
    assert.deepEqual(visitor.complaints, [])
  })

  test('rules of the system are the administrator’s, in any projects; in German and in a narrow window', async () => {
    await create(marina, '/workloads', cast.administrator, {
      name: 'clusters',
      issuer: issuer.url,
      audience,
      claims: [{ claim: 'sub', matches: 'system:serviceaccount:ci:*' }],
      permissions: [{ kind: 'project', namespace: '*', access: [{ resource: 'repository', action: 'pull' }] }],
    })
    await using visitor = await open({ as: cast.administrator, language: 'de', width: 360, height: 740 })
    const { page } = visitor
    await visitor.go('/workloads')
    await page.getByRole('row', { name: /^clusters .*system:serviceaccount:ci:\*/ }).waitFor()
    assert.deepEqual(await visitor.findBarriersInBoth(), [])
    await page.getByRole('button', { name: 'Neue Vertrauensregel' }).click()
    await page.getByRole('radio', { name: 'In allen Projekten' }).waitFor()
    assert.deepEqual(await visitor.findBarriersInBoth(), [])
    assert.deepEqual(visitor.complaints, [])
    await using other = await open({ as: cast.projectAdmin })
    await other.go('/workloads')
    await other.page.getByRole('heading', { name: 'You may not see this', level: 1 }).waitFor()
  })

  test('a robot gets a new secret while the old one still works, until somebody ends it', async () => {
    const body = {
      name: 'rotating',
      level: 'project',
      duration: 30,
      permissions: [{ kind: 'project', namespace: 'team', access: [{ resource: 'repository', action: 'pull' }] }],
    }
    const made = expectAnswer(await callApi(marina, 'POST', '/robots', { as: cast.projectAdmin, body }), 201)
    const { name, secret: old } = made.json() as { name: string; secret: string }
    await using visitor = await open({ as: cast.projectAdmin })
    const { page } = visitor
    await visitor.go('/p/team/-/robots')
    const menu = page.getByRole('button', { name: `Actions: ${name}` })
    await menu.click()
    await page.getByRole('menuitem', { name: 'New secret' }).click()
    await page.getByRole('radio', { name: 'One more day' }).check()
    assert.deepEqual(await visitor.findBarriersInBoth(), [])
    await page.getByRole('dialog').getByRole('button', { name: 'Make a new secret' }).click()
    const secret = (await page.locator('.secret').textContent())!
    await page.getByRole('button', { name: 'I have copied it' }).click()
    await page.getByText('two secrets').waitFor()
    assert.deepEqual(await visitor.findBarriersInBoth(), [])
    for (const one of [old, secret]) expectAnswer(await pullBy(name, one), 200)
    await menu.click()
    await page.getByRole('menuitem', { name: 'End the old secret' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End the old secret' }).click()
    await page.getByText(`The old secret of ${name} is ended.`).waitFor()
    assert.equal((await pullBy(name, old)).status, 401)
    expectAnswer(await pullBy(name, secret), 200)
    await eventually(async () => assert.equal(await page.getByText('two secrets').count(), 0))
    assert.deepEqual(visitor.complaints, [])
  })
})
