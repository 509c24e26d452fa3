import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { create } from '../../server/testing/api.ts'
import { openFaultProxy } from '../../server/testing/fault-proxy.ts'
import { pushImage } from '../../server/testing/given.ts'
import { eventually, expectAnswer } from '../../server/testing/http.ts'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, rest, visit, ask } = await openPortal()
const { marina, cast } = scene
const { admin } = marina

type Metadata = { metadata: Record<string, string>; registry_id: number }
type Cache = { tags: number; hits: number; is_paused: boolean }

suite('the pages of proxy caches', () => {
  test('a cache is made in the dialog of projects; its empty page teaches how to pull through it', async () => {
    await using visitor = await visit({ as: admin })
    const { page } = visitor
    await visitor.go('/projects')
    await page.getByRole('button', { name: 'New project' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radio', { name: 'A cache of another registry' }).check()
    await dialog.getByLabel('Name (required)').fill('mirror')
    await dialog.getByLabel('Registry', { exact: true }).selectOption('branch (harbor)')
    await dialog.getByLabel('Fresh for, in seconds').fill('-5')
    await dialog.getByLabel('Allowed repositories').fill('library/**')
    await dialog.getByLabel('Speed of each download, in KiB a second').fill('2048')
    await dialog.getByLabel('Downloads at a time').fill('3')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByText(/whole number of seconds/).waitFor()
    await dialog.getByLabel('Fresh for, in seconds').fill('60')
    assert.deepEqual(await visitor.findBarriers(), [])
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByText('The project mirror is there.').waitFor()
    const { metadata, registry_id: registry } = await ask<Metadata>('/projects/mirror')
    assert.deepEqual(
      [registry, metadata['proxy_cache_fresh_seconds'], metadata['proxy_cache_filter_pattern']],
      [1, '60', 'library/**'],
    )
    assert.deepEqual([metadata['proxy_speed_kb'], metadata['max_upstream_conn']], ['2048', '3'])

    await visitor.go('/p/mirror')
    await page.getByRole('link', { name: 'Cache', exact: true }).click()
    await page.getByText('Nothing was pulled yet').waitFor()
    const guide = page.getByRole('region', { name: 'Pull through it' })
    const { host } = new URL(marina.url)
    assert.equal(await guide.locator('pre').first().textContent(), `docker pull ${host}/mirror/team/app:1.0`)
    for (const [client, file, text] of [
      ['podman, skopeo, CRI-O', '/etc/containers/registries.conf.d/mirror.conf', `location = "${host}/mirror"`],
      ['containerd', `/etc/containerd/certs.d/${host}/hosts.toml`, `[host."${marina.url}/v2/mirror"]`],
      ['k3s, RKE2', '/etc/rancher/k3s/registries.yaml', `"^(.*)$": "mirror/$1"`],
    ] as const) {
      await guide.getByRole('combobox', { name: 'Client' }).selectOption(client)
      await guide.getByText(file).waitFor()
      assert.ok((await guide.locator('pre').first().textContent())!.includes(text), client)
    }
    assert.deepEqual(visitor.complaints, [])
  })

  test('images are fetched in advance, with what failed; then one is refreshed and forgotten', async () => {
    await pushImage(marina, 'library/busybox', { tag: '1.36' })
    await using visitor = await visit({ as: admin })
    const { page } = visitor
    await visitor.go('/p/hub/-/cache')
    await page.getByRole('button', { name: 'Prefetch' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Images').fill('library/busybox:1.36\nNo Name')
    await dialog.getByRole('button', { name: 'Fetch' }).click()
    await dialog.getByText('No is no <repository>:<tag>.').waitFor()
    await dialog.getByLabel('Images').fill('library/busybox:1.36\nlibrary/nothing:1')
    await dialog.getByRole('button', { name: 'Fetch' }).click()
    await dialog.getByText('1 of 2 images are here').waitFor()
    await dialog.getByText(/^library\/nothing:1:/).waitFor()
    await dialog.getByText('failed', { exact: true }).waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    await page.keyboard.press('Escape')

    const table = page.getByRole('table', { name: 'Tags that were pulled' })
    const busybox = table.getByRole('row', { name: /library\/busybox:1\.36/ })
    await busybox.getByText('fresh').waitFor()
    await table.getByRole('row', { name: /library\/alpine:3\.20 stays as it is/ }).waitFor()
    await busybox.getByRole('button', { name: /^Actions/ }).click()
    await page.getByRole('menuitem', { name: 'Ask again at the next pull' }).click()
    await busybox.getByText('to be confirmed').waitFor()
    await busybox.getByRole('button', { name: /^Actions/ }).click()
    await page.getByRole('menuitem', { name: 'Forget' }).click()
    await dialog.getByRole('heading', { name: 'Forget library/busybox:1.36?' }).waitFor()
    await dialog.getByText(/With its blobs it is \d/).waitFor()
    await dialog.getByRole('button', { name: 'Forget' }).click()
    await page.getByText('library/busybox:1.36 is forgotten.').waitFor()
    await eventually(async () => assert.equal(await busybox.count(), 0))
    const listed = await ask<{ tag: string }[]>('/projects/hub/proxy-cache/tags')
    assert.deepEqual(
      listed.map(({ tag }) => tag),
      ['3.20'],
    )
    // Chromium itself notes no failed request: the refusal of a prefetch is an answer like any other.
    assert.deepEqual(visitor.complaints, [])
  })

  test('settings change from the next pull on, and refreshing all says how many tags that is', async () => {
    await using visitor = await visit({ as: admin })
    const { page } = visitor
    await visitor.go('/p/hub/-/cache')
    await page.getByRole('button', { name: 'Settings' }).click()
    const dialog = page.getByRole('dialog')
    assert.equal(await dialog.getByLabel('Tags that never change').inputValue(), '3.*')
    assert.equal(await dialog.getByLabel('Budget in GiB').inputValue(), '20')
    await dialog.getByLabel('Tags that never change').fill('')
    await dialog.getByLabel('A tag that the registry deletes').selectOption('keep')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('region', { name: 'Settings' }).getByText('is served on, with a warning').waitFor()
    const { metadata } = await ask<Metadata>('/projects/hub')
    assert.deepEqual([metadata['proxy_cache_when_gone'], metadata['proxy_cache_fixed_tags'] ?? ''], ['keep', ''])
    await page.getByRole('button', { name: 'Refresh', exact: true }).click()
    await dialog.getByText(/^Tags: 1\./).waitFor()
    await dialog.getByRole('button', { name: 'Refresh', exact: true }).click()
    await page.getByText('The next pull asks for one tag again.').waitFor()
    await page.getByText('to be confirmed').waitFor()
    assert.deepEqual(visitor.complaints, [])
  })

  test('a registry in trouble is shown as left alone, with its last error', async () => {
    await using proxy = await openFaultProxy(marina.url)
    const endpoint = { name: 'shaky', type: 'docker-registry', url: proxy.endpoint }
    const id = await create(marina, '/registries', admin, endpoint)
    await create(marina, '/projects', admin, { project_name: 'shaky', registry_id: id, metadata: { public: 'true' } })
    proxy.fault = () => 'reset'
    await eventually(async () => {
      await marina.ask('GET', '/v2/shaky/library/alpine/manifests/3.20', { as: admin })
      assert.equal((await ask<Cache>('/projects/shaky/proxy-cache')).is_paused, true)
    })
    await using visitor = await visit({ as: admin })
    const { page } = visitor
    await visitor.go('/p/shaky/-/cache')
    const upstream = page.getByRole('region', { name: 'The registry' })
    await upstream.getByText('left alone').waitFor()
    await upstream.getByText(/failed several times in a row/).waitFor()
    assert.match((await upstream.locator('dd').nth(2).textContent())!, /shaky/)
    assert.deepEqual(await visitor.findBarriers(), [])
    await visitor.go('/proxy-caches')
    const row = page.getByRole('row', { name: /^shaky / })
    await row.getByText('left alone').waitFor()
    const hub = page.getByRole('row', { name: /^hub branch/ })
    const { hits } = await ask<Cache>('/projects/hub/proxy-cache')
    assert.ok(hits > 0)
    assert.equal((await hub.getByText('left alone').count()) === 0, true)
    await hub.getByRole('link', { name: 'hub' }).click()
    await page.getByRole('heading', { name: 'hub', level: 1 }).waitFor()
    assert.deepEqual(visitor.complaints, [])
  })

  test('each role is offered what it may do, and the server refuses the rest', async () => {
    const member = (person: { name: string }, role: number) =>
      rest('POST', '/projects/hub/members', admin, { role_id: role, member_user: { username: person.name } })
    expectAnswer(await member(cast.projectAdmin, 1), 201)
    expectAnswer(await member(cast.maintainer, 4), 201)
    expectAnswer(await member(cast.developer, 2), 201)
    expectAnswer(await member(cast.guest, 3), 201)
    const actions = ['Settings', 'Refresh', 'Prefetch', 'Pull through it']
    for (const [role, offered, mayForget] of [
      ['projectAdmin', actions, true],
      ['maintainer', actions.slice(1), true],
      ['developer', actions.slice(1), false],
      ['guest', actions.slice(3), false],
      ['anonymous', actions.slice(3), false],
    ] as const) {
      await using visitor = await visit({ as: cast[role] })
      const { page } = visitor
      await visitor.go('/p/hub/-/cache')
      await page.getByRole('row', { name: /library\/alpine:3\.20/ }).waitFor()
      const shown: string[] = []
      for (const name of actions) if (await page.getByRole('button', { name, exact: true }).count()) shown.push(name)
      assert.deepEqual(shown, offered, role)
      assert.equal(await page.getByRole('checkbox').count(), mayForget ? 2 : 0, role)
      assert.deepEqual(visitor.complaints, [], role)
      const path = '/projects/hub/proxy-cache/tags?repository=library/never&tag=1'
      const { status } = await rest('DELETE', path, cast[role])
      assert.equal(status, mayForget ? 404 : role === 'anonymous' ? 401 : 403, role)
    }
  })
})
