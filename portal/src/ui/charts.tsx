import { showShare } from '../lib/show.ts'

type MeterProps = {
  label: string
  /** In the same unit; a limit of 0 or less is none. */
  used: number
  limit: number
  /** Both as text: `1.2 GiB of 5 GiB`. */
  text: string
}

/** How much of a limit is used. It warns from 75 % on, and is bad from 90 % on. */
export function Meter({ label, used, limit, text }: MeterProps) {
  const share = limit > 0 ? used / limit : 0
  const tone = share >= 0.9 ? 'bad' : share >= 0.75 ? 'warn' : 'good'
  return (
    <span class="meter" title={limit > 0 ? `${text} (${showShare(share)})` : text}>
      {limit > 0 && (
        <span
          class="track"
          role="meter"
          aria-label={label}
          aria-valuemin={0}
          aria-valuemax={limit}
          aria-valuenow={used}
          aria-valuetext={text}
        >
          <span class={`fill ${tone}`} style={{ inlineSize: `${Math.min(share, 1) * 100}%` }} />
        </span>
      )}
      <span class="meter-text">{text}</span>
    </span>
  )
}

type Slice = { label: string; value: number; text: string }

/** Parts of a whole beside each other, with their legend as a list. */
export function Bar({ label, slices }: { label: string; slices: Slice[] }) {
  const whole = slices.reduce((sum, { value }) => sum + value, 0)
  return (
    <figure class="bar" aria-label={label}>
      <div class="bar-track" aria-hidden="true">
        {slices.map((one, index) => (
          <span
            key={one.label}
            class={`slice-${index % 6}`}
            style={{ inlineSize: `${whole > 0 ? (one.value / whole) * 100 : 0}%` }}
          />
        ))}
      </div>
      <ul>
        {slices.map((one, index) => (
          <li key={one.label}>
            <span class={`dot slice-${index % 6}`} aria-hidden="true" /> {one.label} <strong>{one.text}</strong>
          </li>
        ))}
      </ul>
    </figure>
  )
}

type SparklineProps = { label: string; points: { label: string; value: number }[]; width?: number; height?: number }

/** A small line over time. Screen readers get the points as a table. */
export function Sparkline({ label, points, width = 160, height = 36 }: SparklineProps) {
  const most = Math.max(1, ...points.map(({ value }) => value))
  const step = points.length > 1 ? (width - 2) / (points.length - 1) : 0
  const spots = points.map(({ value }, index) => `${1 + index * step},${height - 2 - (value / most) * (height - 4)}`)
  return (
    <span class="sparkline">
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        <polygon
          points={`1,${height - 1} ${spots.join(' ')} ${1 + Math.max(0, points.length - 1) * step},${height - 1}`}
        />
        <polyline points={spots.join(' ')} />
      </svg>
      <span class="only-read">
        <table>
          <caption>{label}</caption>
          <tbody>
            {points.map((one) => (
              <tr key={one.label}>
                <th scope="row">{one.label}</th>
                <td>{one.value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </span>
    </span>
  )
}
