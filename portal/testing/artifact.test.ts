import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ociManifest } from '../../oci/media-type.ts'
import { callApi, create } from '../../server/testing/api.ts'
import { descriptorOf, pushBlob, pushImage, pushManifest, type Pushed } from '../../server/testing/given.ts'
import { eventually, expectAnswer } from '../../server/testing/http.ts'
import { pushLayers, type LayerFile } from '../../server/testing/layers.ts'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, visit } = await openPortal()

const web = '/p/team/-/r/apps/web/-/a'
const api = '/projects/team/repositories/apps%252Fweb/artifacts'
const hostile = '<img src=x onerror=alert(1)> \u202Egnp.exe'

suite('the page of an artifact', () => {
  const ask = async <Answer>(path: string) =>
    expectAnswer(await callApi(scene.marina, 'GET', `${api}/${path}`, { as: scene.cast.guest }), 200).json() as Answer

  test('says how to pull it, by tag and by digest, with the tool that was used last', async () => {
    const { digest } = await ask<{ digest: string }>('2.0')
    await using visitor = await visit({ as: scene.cast.guest })
    const { page } = visitor
    const { host } = new URL(scene.marina.url)
    const commands = page.locator('.pull pre')
    await visitor.go(`${web}/${digest}?tag=2.0`)
    await page.getByRole('heading', { name: 'apps/web:2.0', level: 1 }).waitFor()
    assert.equal(
      await commands.textContent(),
      `docker login ${host} --username gustav\ndocker pull ${host}/team/apps/web:2.0`,
    )
    await page.getByRole('combobox', { name: 'Tool' }).selectOption('Podman')
    await page.getByRole('combobox', { name: 'By' }).selectOption('by digest')
    assert.equal((await commands.textContent())?.split('\n')[1], `podman pull ${host}/team/apps/web@${digest}`)
    await visitor.go(`${web}/1.0`)
    assert.match((await commands.textContent())!, /^podman login/)
    assert.deepEqual(visitor.complaints, [])
  })

  test('shows what it is made of and what is said about it, and leads to each part', async () => {
    type Graph = { children: { digest: string; node: { layers: { digest: string }[] } }[]; referrers: object[] }
    const graph = await ask<Graph>('2.0/graph')
    await using visitor = await visit({ as: scene.cast.guest })
    const { page } = visitor
    await visitor.go(`${web}/2.0?tab=graph`)
    assert.deepEqual(await page.locator('.tree .node strong').allTextContents(), [
      'Index',
      'SBOM',
      'Signature (cosign)',
      'linux/amd64',
      'linux/arm64/v8',
    ])
    await page.getByText('3 layers').first().click()
    const digests = page.locator('.layers[open] .digest code')
    const layers = graph.children[0]!.node.layers.map(({ digest }) => digest)
    for (const [index, digest] of layers.entries()) assert.equal(await digests.nth(index).getAttribute('title'), digest)
    await page.locator('.node', { hasText: 'linux/arm64/v8' }).getByRole('link').click()
    await page.getByText('Indexes that name it').waitFor()
    assert.ok(page.url().includes(graph.children[1]!.digest))
    await page.getByRole('link', { name: 'Build history' }).click()
    await page.locator('.steps').waitFor()
    assert.deepEqual(await page.locator('.steps li .step-bytes').allTextContents(), [
      '293 KiB',
      '117 KiB',
      '46.9 KiB',
      'no bytes',
    ])
    assert.equal(
      await page.locator('.steps code').nth(1).textContent(),
      'RUN apk add --no-cache ca-certificates tzdata',
    )
    assert.deepEqual(visitor.complaints, [])
  })

  test('shows the files of a chart, and manifest and config as they are', async () => {
    await using visitor = await visit({ as: scene.cast.guest })
    const { page } = visitor
    await visitor.go('/p/team/-/r/charts/web/-/a/1.4.0?tab=files')
    await page.getByRole('heading', { name: 'Web chart' }).waitFor()
    await page.getByRole('link', { name: 'values.yaml' }).click()
    await page.getByRole('region', { name: 'values.yaml' }).getByText('replicas: 2').waitFor()
    await page.getByRole('link', { name: 'Dependencies' }).click()
    await page.getByRole('table', { name: 'Dependencies' }).getByText('oci://charts.example.com').waitFor()
    await page.getByRole('link', { name: 'Manifest', exact: true }).click()
    await page.getByRole('region', { name: 'Config' }).getByText('"name": "web"').waitFor()
    const manifest = await page.getByRole('region', { name: 'Manifest' }).textContent()
    assert.equal((JSON.parse(manifest!) as { schemaVersion: number }).schemaVersion, 2)
    assert.deepEqual(visitor.complaints, [])
  })

  test('each role may do what the server lets it do, and others see why not', async () => {
    const names = ['Add a tag', 'Labels', 'Remove this tag', 'Delete the artifact']
    for (const [role, may, hasActivity] of [
      ['guest', [false, false, false, false], false],
      ['developer', [true, true, false, false], false],
      ['maintainer', [true, true, true, true], false],
      ['projectAdmin', [true, true, true, true], true],
    ] as const) {
      await using visitor = await visit({ as: scene.cast[role] })
      const { page } = visitor
      await visitor.go(`${web}/1.0`)
      await page.getByRole('button', { name: 'Actions', exact: true }).click()
      for (const [index, name] of names.entries()) {
        const off = await page.getByRole('menuitem', { name }).getAttribute('aria-disabled')
        assert.equal(off === null, may[index], `${role}: ${name}`)
      }
      assert.equal(
        await page.getByRole('main').getByRole('link', { name: 'Activity' }).count(),
        Number(hasActivity),
        role,
      )
      assert.deepEqual(visitor.complaints, [], role)
    }
  })

  test('is labeled, copied, found elsewhere, and deleted with what depends on it', async () => {
    const { marina, cast } = scene
    const { digest } = await pushImage(marina, 'team/short', { as: cast.maintainer, tag: 'first' })
    await create(marina, '/labels', marina.admin, { name: 'stable', scope: 'g', color: '#00AB9A' })
    await using visitor = await visit({ as: cast.projectAdmin })
    const { page } = visitor
    const act = async (name: string) => {
      await page.getByRole('button', { name: 'Actions', exact: true }).click()
      await page.getByRole('menuitem', { name }).click()
    }
    await visitor.go('/p/team/-/r/short/-/a/first')
    await act('Labels')
    await page.getByRole('checkbox', { name: 'stable' }).check()
    await eventually(async () => assert.equal(await page.locator('main .facts .badge').count(), 1))
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
    await act('Copy to another repository')
    await page.getByRole('combobox', { name: 'To the project' }).fill('te')
    await page.getByRole('option', { name: 'team' }).click()
    await page.getByRole('textbox', { name: 'To the repository' }).fill('copies/short')
    await page.getByRole('dialog').getByRole('button', { name: 'Copy', exact: true }).click()
    await page.getByText('Copied to team/copies/short.').waitFor()
    await page.getByRole('link', { name: 'Elsewhere' }).click()
    await page.getByRole('link', { name: 'team/copies/short' }).waitFor()
    await page.getByRole('main').getByRole('link', { name: 'Activity' }).click()
    await eventually(async () =>
      assert.match((await page.locator('main table').textContent()) ?? '', /create artifact/),
    )
    await act('Delete the artifact')
    await page.getByRole('dialog').getByText('Its tag goes with it: first.').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete the artifact' }).click()
    await page.waitForURL('**/p/team/-/r/short')
    const gone = await callApi(marina, 'GET', `/projects/team/repositories/short/artifacts/${digest}`, {
      as: cast.guest,
    })
    assert.equal(gone.status, 404)
    // The page asked for nothing that it had just deleted.
    assert.deepEqual(visitor.complaints, [])
  })

  test('a part of an index says that the index goes first', async () => {
    await using visitor = await visit({ as: scene.cast.maintainer })
    const { page } = visitor
    const { children } = await ask<{ children: { digest: string }[] }>('2.0/graph')
    await visitor.go(`${web}/${children[0]!.digest}`)
    await page.getByRole('button', { name: 'Actions', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Delete the artifact' }).click()
    await page.getByText('An index names it: latest, 2.0. Delete the index first.').waitFor()
    const button = page.getByRole('dialog').getByRole('button', { name: 'Delete the artifact' })
    assert.equal(await button.getAttribute('aria-disabled'), 'true')
  })

  test('what an author wrote appears as text: markup, other directions, and any length', async () => {
    const { marina, cast } = scene
    const pushed = await pushHostile()
    await using visitor = await visit({ as: cast.guest, width: 360, height: 740 })
    const { page } = visitor
    for (const tab of ['overview', 'graph', 'history', 'documents']) {
      await visitor.go(`/p/team/-/r/hostile/-/a/${pushed.digest}?tab=${tab}`)
      if (tab !== 'graph') await page.getByText('onerror=alert(1)').first().waitFor()
      assert.equal(await page.locator('main img').count(), 0, tab)
      assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= 360, tab)
    }
    assert.deepEqual(visitor.complaints, [])

    async function pushHostile(): Promise<Pushed> {
      const type = 'application/vnd.oci.image.config.v1+json'
      const history = [{ created_by: hostile }, null, 7, { created_by: { no: 'text' }, empty_layer: true }]
      const config = Buffer.from(
        JSON.stringify({ author: hostile, config: { Env: [hostile], Cmd: 'x'.repeat(5000) }, history }),
      )
      await pushBlob(marina, 'team/hostile', config, { as: cast.developer })
      const content = {
        schemaVersion: 2,
        mediaType: ociManifest,
        config: descriptorOf(config, type),
        layers: [],
        annotations: { [hostile]: hostile, long: 'y'.repeat(255) },
      }
      return pushManifest(marina, 'team/hostile', Buffer.from(JSON.stringify(content)), ociManifest, {
        as: cast.developer,
      })
    }
  })

  test('an SBOM is made on demand, image by image, and its packages are found by name and kind', async () => {
    const { marina, cast } = scene
    const base: LayerFile[] = [
      ['etc/os-release', 'ID=debian\nVERSION_ID="13"\n'],
      ['var/lib/dpkg/status', 'Package: openssl\nStatus: install ok installed\nVersion: 3.5\nArchitecture: amd64\n'],
    ]
    const npm: LayerFile = ['app/node_modules/left-pad/package.json', '{"name":"left-pad","version":"1.3.0"}']
    await pushLayers(marina, 'team/listed', [base, [npm]], { tag: '1.0' })
    await using visitor = await visit({ as: cast.maintainer })
    const { page } = visitor
    await visitor.go('/p/team/-/r/listed/-/a/1.0?tab=sbom')
    await page.getByText('There is no SBOM yet').waitFor()
    await page.getByRole('button', { name: 'Make an SBOM' }).click()
    // Without a reload.
    const table = page.getByRole('table', { name: 'Packages' })
    await table.getByRole('row', { name: /^left-pad 1\.3\.0 npm/ }).waitFor()
    await table.getByRole('row', { name: /^openssl 3\.5 deb/ }).waitFor()
    await page.getByText('2 packages', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Make it again' }).waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    await page.getByRole('searchbox', { name: 'Name or version' }).fill('OPENS')
    await page.getByText('1 of 2 packages').waitFor()
    await page.getByLabel('Kind').selectOption('npm (1)')
    await page.getByText('No package fits the filter.').waitFor()
    assert.match(page.url(), /q=OPENS/)
    for (const [name, sign] of [
      ['Download SPDX', 'spdxVersion'],
      ['Download CycloneDX', 'bomFormat'],
    ] as const) {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()])
      const chunks: Buffer[] = []
      for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer)
      assert.ok(sign in (JSON.parse(Buffer.concat(chunks).toString()) as object), name)
    }
    await page.getByText('Log', { exact: true }).click()
    await page.getByRole('region', { name: 'Log' }).waitFor()
    assert.deepEqual(visitor.complaints, [])

    await using guest = await visit({ as: cast.guest })
    await guest.go('/p/team/-/r/apps/web/-/a/2.0?tab=sbom')
    // Somebody else's SBOM of the index holds nothing; its images have none, and a guest cannot make one.
    await guest.page.getByText(/The SBOM lists no package/).waitFor()
    await guest.page.getByLabel('Platform').selectOption('linux/arm64/v8')
    await guest.page.getByText('There is no SBOM yet').waitFor()
    assert.equal(await guest.page.getByRole('button', { name: /SBOM/ }).count(), 0)
    await guest.go('/p/team/-/r/charts/web/-/a/1.4.0')
    assert.equal(await guest.page.getByRole('link', { name: 'SBOM', exact: true }).count(), 0)
    assert.deepEqual(guest.complaints, [])
  })
})
