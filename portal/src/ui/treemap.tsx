import { squarify, type Tile } from '../lib/squarify.ts'
import { Link } from './link.tsx'

type Area = {
  key: string | number
  name: string
  value: number
  /** The value as text. */
  text: string
  /** Where the area leads. */
  to?: string | undefined
}

/** The plane on which areas are laid out; the page stretches it. */
const [width, height] = [1000, 300]
/** Areas beyond these are shown as one. */
const most = 40

type TreemapProps = {
  label: string
  areas: readonly Area[]
  restName(count: number): string
  textOf(value: number): string
}

/**
 * Values as areas, the largest first. A list beside it must say the same: small areas have no words, and lead nowhere.
 */
export function Treemap({ label, areas, restName, textOf }: TreemapProps) {
  const sorted = areas.filter(({ value }) => value > 0).sort((a, b) => b.value - a.value)
  const rest = sorted.slice(most)
  const restValue = rest.reduce((sum, { value }) => sum + value, 0)
  const shown: Area[] = [
    ...sorted.slice(0, most),
    ...(rest.length > 0 ? [{ key: '…', name: restName(rest.length), value: restValue, text: textOf(restValue) }] : []),
  ].sort((a, b) => b.value - a.value)
  if (shown.length === 0) return null
  const tiles = squarify(shown, ({ value }) => value, width, height)
  return (
    <div class="treemap" role="group" aria-label={label}>
      {tiles.map((tile, index) => (
        <TileView key={tile.one.key} tile={tile} tone={index % 6} />
      ))}
    </div>
  )
}

function TileView({ tile: { one, x, y, width: w, height: h }, tone }: { tile: Tile<Area>; tone: number }) {
  const style = {
    left: `${(x / width) * 100}%`,
    top: `${(y / height) * 100}%`,
    width: `${(w / width) * 100}%`,
    height: `${(h / height) * 100}%`,
  }
  const title = `${one.name}: ${one.text}`
  const hasWords = w >= 70 && h >= 44
  const inside = hasWords && (
    <>
      <span class="tile-name">{one.name}</span> <span class="tile-value">{one.text}</span>
    </>
  )
  return (
    <div class={`tile tone-${tone}`} style={style} aria-hidden={one.to === undefined || !isTarget(w, h) || undefined}>
      {one.to !== undefined && isTarget(w, h) ? (
        <Link to={one.to} {...(hasWords ? {} : { label: title })} title={title}>
          {inside}
        </Link>
      ) : (
        <span title={title}>{inside}</span>
      )}
    </div>
  )
}

/** Whether an area is large enough to be hit (WCAG 2.5.8). */
const isTarget = (w: number, h: number): boolean => w >= 40 && h >= 40
