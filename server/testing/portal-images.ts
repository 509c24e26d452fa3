import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import tar from 'tar-stream'
import { ociManifest } from '../../oci/media-type.ts'
import { artifactKey } from '../catalog/artifact.ts'
import { repositoryIdKey } from '../catalog/repository.ts'
import type { Tx } from '../platform/db/db.ts'
import { sql } from '../platform/db/sql.ts'
import { descriptorOf, pushBlob, pushIndex, pushManifest, type Pushed } from './given.ts'
import type { Person } from './http.ts'
import type { TestMarina } from './server.ts'

type Options = { as: Person; tag?: string }
type Platform = { os: string; architecture: string; variant?: string }

const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip'
const configType = 'application/vnd.oci.image.config.v1+json'
const built = '2026-11-03T09:12:44Z'

/** Bytes that look random and are the same each time, so that digests in pictures compare. */
function bytesOf(seed: string, size: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(size / 32) }, (_, at) =>
    createHash('sha256').update(`${seed} ${at}`).digest(),
  )
  return Buffer.concat(blocks).subarray(0, size)
}

type Content = { config: { type: string; value: object }; layers: { type: string; bytes: Buffer }[]; more?: object }

async function push(marina: TestMarina, repository: string, content: Content, options: Options): Promise<Pushed> {
  const config = Buffer.from(JSON.stringify(content.config.value))
  for (const bytes of [config, ...content.layers.map((one) => one.bytes)])
    await pushBlob(marina, repository, bytes, options)
  const manifest = {
    schemaVersion: 2,
    mediaType: ociManifest,
    ...content.more,
    config: descriptorOf(config, content.config.type),
    layers: content.layers.map(({ type, bytes }) => descriptorOf(bytes, type)),
  }
  return pushManifest(marina, repository, Buffer.from(JSON.stringify(manifest)), ociManifest, options)
}

/** An image of a web server with its build history: the first two layers are the same in every version. */
function webContent(version: string, { os, architecture, variant }: Platform): Content {
  const files = [
    { seed: `base ${architecture}`, size: 300_000, step: '/bin/sh -c #(nop) ADD file:7cd1d0fbdfc2 in / ' },
    {
      seed: `packages ${architecture}`,
      size: 120_000,
      step: 'RUN /bin/sh -c apk add --no-cache ca-certificates tzdata',
    },
    {
      seed: `app ${version} ${architecture}`,
      size: 48_000,
      step: 'COPY --chown=app:app /build/app /usr/local/bin/app',
    },
  ]
  const value = {
    created: built,
    author: 'Team Web <web@example.com>',
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    config: {
      User: 'app',
      ExposedPorts: { '8080/tcp': {} },
      Env: ['PATH=/usr/local/bin:/usr/bin:/bin', `APP_VERSION=${version}`, 'TZ=UTC'],
      Entrypoint: ['/usr/local/bin/app'],
      Cmd: ['serve'],
      WorkingDir: '/srv',
      Labels: {
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.source': 'https://example.com/web',
      },
    },
    history: [
      ...files.map(({ step }) => ({ created: built, created_by: step })),
      { created: built, created_by: 'ENTRYPOINT ["/usr/local/bin/app"]', empty_layer: true },
    ],
  }
  return {
    config: { type: configType, value },
    layers: files.map(({ seed, size }) => ({ type: layerType, bytes: bytesOf(seed, size) })),
  }
}

const amd64 = { os: 'linux', architecture: 'amd64' }
const arm64 = { os: 'linux', architecture: 'arm64', variant: 'v8' }

/** Something that is about another artifact, such as a signature. */
const about = (subject: Pushed, artifactType: string, text: string): Content => ({
  config: { type: 'application/vnd.oci.empty.v1+json', value: {} },
  layers: [{ type: artifactType, bytes: Buffer.from(text) }],
  more: { artifactType, subject: subject.descriptor },
})

/** `team/apps/web` in some versions, the newest for two platforms, signed and with an SBOM. */
async function pushWeb(marina: TestMarina, as: Person): Promise<Pushed[]> {
  const repository = 'team/apps/web'
  const old: Pushed[] = []
  for (const tag of ['1.0', '1.1']) old.push(await push(marina, repository, webContent(tag, amd64), { as, tag }))
  const parts: Pushed[] = []
  for (const platform of [amd64, arm64]) {
    const part = await push(marina, repository, webContent('2.0', platform), { as })
    parts.push({ ...part, descriptor: { ...part.descriptor, platform } as Pushed['descriptor'] })
  }
  const index = await pushIndex(marina, repository, parts, {
    as,
    tag: '2.0',
    more: { annotations: { 'org.opencontainers.image.description': 'The web front of the shop' } },
  })
  await pushManifest(marina, repository, index.content, index.mediaType, { as, tag: 'latest' })
  await push(marina, repository, about(index, 'application/vnd.dev.cosign.artifact.sig.v1+json', 'signature'), { as })
  await push(
    marina,
    repository,
    about(index, 'application/vnd.goharbor.harbor.sbom.v1', '{"spdxVersion":"SPDX-2.3"}'),
    { as },
  )
  return [...old, index]
}

const readme = `# Web chart

Runs the [web front](https://example.com/web) of the shop.

| value | default | what |
| --- | --- | --- |
| \`replicas\` | 2 | pods that run |
| \`image.tag\` | 2.0 | the image |
`

/** A Helm chart with its README, values and a dependency. */
async function pushChart(marina: TestMarina, as: Person): Promise<void> {
  const pack = tar.pack()
  // Without a fixed time each chart would have another digest.
  const entry = (name: string, text: string) => pack.entry({ name, mtime: new Date(built) }, text)
  entry('web/Chart.yaml', 'name: web\nversion: 1.4.0\n')
  entry('web/README.md', readme)
  entry('web/values.yaml', 'replicas: 2\nimage:\n  tag: "2.0"\n')
  pack.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of pack) chunks.push(chunk as Buffer)
  const bytes = await promisify(gzip)(Buffer.concat(chunks))
  const dependencies = [{ name: 'redis', version: '20.x', repository: 'oci://charts.example.com' }]
  const value = {
    name: 'web',
    version: '1.4.0',
    apiVersion: 'v2',
    description: 'The web front of the shop',
    dependencies,
  }
  const config = { type: 'application/vnd.cncf.helm.config.v1+json', value }
  const layers = [{ type: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', bytes }]
  await push(marina, 'team/charts/web', { config, layers }, { as, tag: '1.4.0' })
}

/** What somebody else writes about a repository. */
const description = `# Web

The **web front** of the shop: one image for amd64 and arm64.

- built by every merge into \`main\`
- signed with cosign

<script>alert("shown as text")</script> and [a link that leads nowhere](javascript:alert(1))
`

/** Images, a chart, descriptions and pulls of the last weeks: what the pages of repositories and artifacts show. */
export async function givenPortalImages(marina: TestMarina, as: Person): Promise<void> {
  const pulled = await pushWeb(marina, as)
  await pushChart(marina, as)
  await marina.ground.db.transaction(async (tx) => {
    const digests = pulled.map(({ digest }) => digest)
    const ids = await tx.rows<{ id: number; repositoryId: number }>(sql`
      select id, repository_id as "repositoryId" from artifact where digest = any(${digests}::text[])`)
    tx.changes(...ids.map(({ id }) => artifactKey(id)), repositoryIdKey(ids[0]!.repositoryId))
    await notePulls(
      tx,
      ids.map(({ id }) => id),
    )
    await tx.run(sql`update repository set description = ${description} where name = 'team/apps/web'`)
  })
}

/** Some pulls of each day of the last four weeks but the weekends, as if they had been counted. */
async function notePulls(tx: Tx, ids: number[]): Promise<void> {
  await tx.run(sql`
    insert into pull_day (day, repository_id, artifact_id, count)
    select (now() at time zone 'UTC')::date - ago, artifact.repository_id, artifact.id, 3 + (ago * 7 + artifact.id) % 19
    from artifact, generate_series(1, 27) ago where artifact.id = any(${ids}::bigint[]) and ago % 7 <> 5`)
  await tx.run(sql`
    update artifact set pulled_at = now() - interval '26 hours', pull_count = counted.sum
    from (select artifact_id, sum(count)::bigint as sum from pull_day group by 1) counted
    where counted.artifact_id = artifact.id`)
  await tx.run(sql`
    update tag set pulled_at = artifact.pulled_at, pull_count = artifact.pull_count
    from artifact where artifact.id = tag.artifact_id and artifact.id = any(${ids}::bigint[])`)
  await tx.run(sql`
    update repository set pulled_at = counted.at, pull_count = counted.sum
    from (
      select repository_id, max(pulled_at) as at, sum(pull_count)::bigint as sum from artifact group by 1) counted
    where counted.repository_id = repository.id and counted.sum > 0`)
}

/** Gives an artifact more tags by SQL, `v00001` and so on: that many pushes would take minutes. */
export async function givenManyTags({ ground }: TestMarina, { digest }: Pushed, count: number): Promise<void> {
  await ground.db.transaction((tx) =>
    tx.run(sql`
      insert into tag (repository_id, artifact_id, name)
      select repository_id, id, 'v' || lpad(one::text, 5, '0') from artifact, generate_series(1, ${count}::integer) one
      where digest = ${digest}`),
  )
}
