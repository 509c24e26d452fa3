import { icons, type IconName } from './icons.ts'

/** An outline in the colour of the text. Without a label it is decoration, which screen readers leave out. */
export function Icon({ name, label, size = 16 }: { name: IconName; label?: string; size?: number }) {
  const named = label === undefined ? { 'aria-hidden': true as const } : { 'role': 'img' as const, 'aria-label': label }
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" {...named}>
      <path d={icons[name]} />
    </svg>
  )
}
