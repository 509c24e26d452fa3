import type { ComponentChildren } from 'preact'
import { getArtifactGraph } from '../../../../api/artifact-graph.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { shortDigest } from '../../lib/format.ts'
import { artifactPlace } from '../../lib/places.ts'
import { platformText } from '../../lib/platforms.ts'
import { useApi } from '../../lib/query.ts'
import { showBytes } from '../../lib/show.ts'
import { TagNames } from '../../ui/artifact-marks.tsx'
import { Digest } from '../../ui/copy.tsx'
import { Icon } from '../../ui/icon.tsx'
import type { IconName } from '../../ui/icons.ts'
import { Link } from '../../ui/link.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import type { InArtifact } from './in-artifact.ts'
import { words } from './words.ts'

type Graph = AnswerOf<typeof getArtifactGraph>
type Node = Graph['node']
type Blob = NonNullable<Node['layers']>[number]
type Place = (digest: string) => string

/** What it is made of and what is said about it: index, platforms and layers; signatures, SBOMs and attestations. */
export function Contents({ project, repository, artifact }: InArtifact) {
  const params = { project_name: project.name, repository_name: repository, reference: artifact.digest }
  const { data, error, refresh } = useApi(getArtifactGraph, { params })
  if (error && !data) return <ErrorState error={error} onRetry={refresh} />
  if (!data) return <div class="page-loading" aria-busy="true" />
  const placeOf: Place = (digest) => `${artifactPlace(project.name, repository, digest)}?tab=graph`
  const { node, parents } = data
  return (
    <>
      {!data.is_whole && <p class="note warn">{words().notWhole}</p>}
      <ul class="tree">
        {parents.map(({ digest, tags }) => (
          <li key={digest} class="parent">
            <Card icon="layers" title={words().parents} to={placeOf(digest)} digest={digest}>
              <TagNames names={tags} />
            </Card>
          </li>
        ))}
        <li>
          <Card
            icon={data.children.length > 0 ? 'boxes' : 'box'}
            title={data.children.length > 0 ? words().index : node.type.toLowerCase()}
            digest={node.digest}
            size={node.size}
            isHere
          />
          <ul>
            <Referrers graph={data} subject={node.digest} placeOf={placeOf} />
            <Children graph={data} placeOf={placeOf} />
            <Layers node={node} isOpen />
          </ul>
        </li>
      </ul>
    </>
  )
}

function Children({ graph, placeOf }: { graph: Graph; placeOf: Place }) {
  return (
    <>
      {graph.children.map(({ digest, platform = {}, node }) => (
        <li key={digest}>
          <Card
            icon={platformText(platform) === undefined ? 'file' : 'box'}
            title={platformText(platform) ?? words().notRunnable}
            {...(node ? { to: placeOf(digest), size: node.size } : {})}
            digest={digest}
          >
            {!node && <span class="quiet-text">{words().absent}</span>}
          </Card>
          <ul>
            <Referrers graph={graph} subject={digest} placeOf={placeOf} />
            {node && <Layers node={node} />}
          </ul>
        </li>
      ))}
    </>
  )
}

const iconOf = (type: string): IconName =>
  type.startsWith('signature.') ? 'shield' : type.startsWith('sbom.') ? 'file' : 'check'

function Referrers({ graph, subject, placeOf }: { graph: Graph; subject: string; placeOf: Place }) {
  const all = graph.referrers.filter((one) => one.subject === subject)
  return (
    <>
      {all.map(({ digest, type, size, artifact_type: artifactType }) => (
        <li key={digest} class="said">
          <Card
            icon={iconOf(type)}
            title={words().kinds[type] ?? type}
            to={placeOf(digest)}
            digest={digest}
            size={size}
          >
            {artifactType !== undefined && type === 'subject.accessory' && <code>{artifactType}</code>}
          </Card>
        </li>
      ))}
    </>
  )
}

/** The layers of an image, each as wide as its share of the bytes. */
function Layers({ node: { layers, config }, isOpen = false }: { node: Node; isOpen?: boolean }) {
  if (!layers) return null
  const whole = layers.reduce((sum, { size }) => sum + size, 0)
  return (
    <li>
      <details class="layers" open={isOpen}>
        <summary>{words().layers(layers.length, showBytes(whole))}</summary>
        <ol>
          {layers.map((one, index) => (
            <LayerRow key={index} blob={one} share={whole > 0 ? one.size / whole : 0} />
          ))}
          {config && <LayerRow blob={config} share={0} name={words().config} />}
        </ol>
      </details>
    </li>
  )
}

function LayerRow({ blob, share, name }: { blob: Blob; share: number; name?: string }) {
  const { digest, size, media_type: mediaType, repositories } = blob
  return (
    <li title={mediaType}>
      <Digest value={digest} />
      <span class="quiet-text">
        {name}
        {repositories > 0 && ` ${words().elsewhere(repositories)}`}
      </span>
      <span class="step-bytes">
        {showBytes(size)}
        <span class="weight" aria-hidden="true">
          <span style={{ inlineSize: `${share * 100}%` }} />
        </span>
      </span>
    </li>
  )
}

type CardProps = {
  icon: IconName
  title: string
  digest: string
  to?: string
  size?: number
  isHere?: boolean
  children?: ComponentChildren
}

function Card({ icon, title, digest, to, size, isHere = false, children }: CardProps) {
  return (
    <div class={isHere ? 'node here' : 'node'}>
      <Icon name={icon} />
      <strong>{title}</strong>
      {to === undefined ? (
        <code>{shortDigest(digest)}</code>
      ) : (
        <Link to={to} children={<code>{shortDigest(digest)}</code>} />
      )}
      {children}
      <span class="spring" />
      {size !== undefined && <span class="quiet-text">{showBytes(size)}</span>}
    </div>
  )
}
