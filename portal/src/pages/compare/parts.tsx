import { shortDigest } from '../../lib/format.ts'
import { showBytes } from '../../lib/show.ts'
import type { Comparison } from './comparison.ts'
import { words } from './words.ts'

type Difference = Comparison['annotations'][number]

/** Values that differ, each as it was and as it is. */
export function Differences({ title, rows }: { title: string; rows: Difference[] }) {
  return (
    <section class="part">
      <h2>{title}</h2>
      {rows.length === 0 ? (
        <p class="quiet-text">{words().same}</p>
      ) : (
        <div class="grid">
          <div class="table-frame">
            <table aria-label={title} class="differences">
              <thead>
                <tr>
                  <th class="below-small">{words().kind}</th>
                  <th>{words().name}</th>
                  <th>{words().before}</th>
                  <th>{words().after}</th>
                </tr>
              </thead>
              <tbody>
                {rows.map(({ kind, name, before, after }) => (
                  <tr key={`${kind} ${name}`}>
                    <td class="quiet-text below-small">{words().kinds[kind] ?? kind}</td>
                    <td>
                      <code>{name}</code>
                    </td>
                    <td>{before !== undefined && <del>{before === '' ? '–' : before}</del>}</td>
                    <td>{after !== undefined && <ins>{after === '' ? '–' : after}</ins>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </div>
      )}
    </section>
  )
}

type AllLayers = NonNullable<Comparison['layers']>
type Layer = AllLayers['shared'][number]

/** Layers that came, went and stayed, with the step that made each. */
export function Layers({ layers: { shared, removed, added } }: { layers: AllLayers }) {
  const sum = (all: Layer[]) => showBytes(all.reduce((bytes, { size }) => bytes + size, 0))
  return (
    <section class="part">
      <h2>{words().layers}</h2>
      <div class="card">
        {removed.length > 0 && (
          <Some title={words().removed(removed.length, sum(removed))} layers={removed} tone="bad" />
        )}
        {added.length > 0 && <Some title={words().added(added.length, sum(added))} layers={added} tone="good" />}
        {shared.length > 0 && (
          <details>
            <summary>{words().shared(shared.length, sum(shared))}</summary>
            <Rows layers={shared} />
          </details>
        )}
        {removed.length + added.length === 0 && <p class="quiet-text">{words().same}</p>}
      </div>
    </section>
  )
}

function Some({ title, layers, tone }: { title: string; layers: Layer[]; tone: 'good' | 'bad' }) {
  return (
    <div class={`some ${tone}`}>
      <h3>{title}</h3>
      <Rows layers={layers} />
    </div>
  )
}

const Rows = ({ layers }: { layers: Layer[] }) => (
  <ul class="rows">
    {layers.map(({ digest, size, command }, index) => (
      <li key={`${digest} ${index}`} class="layer">
        <code title={digest}>{shortDigest(digest)}</code>
        <span>{command}</span>
        <span class="number">{showBytes(size)}</span>
      </li>
    ))}
  </ul>
)
