import { now } from '../../lib/clock.ts'
import { Badge } from '../../ui/badge.tsx'
import { CopyButton } from '../../ui/copy.tsx'
import type { Column } from '../../ui/grid.tsx'
import { Icon } from '../../ui/icon.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { draftOf, shortName } from './presets.ts'
import { placesInWords, rightsInWords } from './right-words.ts'
import type { Owner, Robot } from './robot.ts'
import { words } from './words.ts'

/** A robot that ends within so many ms is about to. */
const soonMs = 7 * 86_400_000

export function columnsOf(owner: Owner): Column<Robot>[] {
  return [
    { name: 'name', title: words().name, sort: 'name', cell: (robot) => <RobotName robot={robot} /> },
    {
      name: 'rights',
      title: words().rights,
      hideBelow: 'small',
      cell: (robot) => <span class="robot-rights">{rightsOf(robot, owner === undefined)}</span>,
    },
    { name: 'expires', title: words().expires, cell: (robot) => <Expiry robot={robot} /> },
    {
      name: 'used',
      title: words().lastUsed,
      hideBelow: 'medium',
      cell: ({ last_used_time: at }) =>
        at === undefined ? <span class="quiet-text">{words().neverUsed}</span> : <TimeAgo at={at} />,
    },
    {
      name: 'created',
      title: words().created,
      sort: 'creation_time',
      hideBelow: 'medium',
      cell: ({ creation_time: at }) => <TimeAgo at={at} />,
    },
  ]
}

function RobotName({ robot }: { robot: Robot }) {
  return (
    <div class="robot-name">
      <span class="with-icon">
        <Icon name="robot" />
        <strong class="name">{shortName(robot.name)}</strong>
        {robot.disable && <Badge tone="warn">{words().disabled}</Badge>}
      </span>
      <span class="robot-login">
        <code>{robot.name}</code>
        <CopyButton text={robot.name} />
      </span>
      {robot.description !== '' && <span class="quiet-text wrap-text">{robot.description}</span>}
    </div>
  )
}

/** `pull and push`, and where for a robot of the system. */
function rightsOf(robot: Robot, withPlace: boolean): string {
  const draft = draftOf(robot.permissions)
  if (!draft) return words().mixed
  const text = rightsInWords([...draft.rights, ...draft.systemRights])
  return withPlace ? `${text} – ${placesInWords(draft)}` : text
}

function Expiry({ robot: { expires_at: end } }: { robot: Robot }) {
  if (end < 0) return <span class="quiet-text">{words().never}</span>
  const leftMs = end * 1000 - now.value
  return (
    <span class="with-icon">
      {leftMs < 0 && <Badge tone="bad">{words().expired}</Badge>}
      {leftMs >= 0 && leftMs < soonMs && <Badge tone="warn">{words().soon}</Badge>}
      <TimeAgo at={new Date(end * 1000).toISOString()} />
    </span>
  )
}
