import { Fragment } from 'preact'

type PairsProps = { pairs: [name: string, value: unknown][] }

/** Names and values that somebody else wrote, as text. Lists stand below each other, objects as JSON. */
export function Pairs({ pairs }: PairsProps) {
  return (
    <dl class="facts">
      {pairs.map(([name, value]) => (
        <div key={name} class="contents">
          <dt>{breakable(name)}</dt>
          <dd>
            {linesOf(value).map((line, index) => (
              <code key={index} class="line">
                {line}
              </code>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  )
}

/** Long names such as `org.opencontainers.image.source` break after a dot. */
const breakable = (name: string) =>
  name.split(/(?<=[./])/).map((part, index) => (
    <Fragment key={index}>
      {part}
      <wbr />
    </Fragment>
  ))

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

function linesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(textOf)
  if (typeof value !== 'object' || value === null) return [textOf(value)]
  return Object.entries(value).map(([name, one]) => (isBare(one) ? name : `${name}=${textOf(one)}`))
}

/** Docker writes sets as objects of empty objects, such as exposed ports. */
const isBare = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0
