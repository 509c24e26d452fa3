import { Badge } from '../../ui/badge.tsx'
import { words } from './words.ts'

const tones = { Success: 'good', Error: 'bad', Pending: 'info' } as const

/** The state of a delivery in words and colour. */
export const DeliveryStatus = ({ status }: { status: string }) => (
  <Badge tone={tones[status as keyof typeof tones] ?? 'plain'}>{words().statuses[status] ?? status}</Badge>
)
