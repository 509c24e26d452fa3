import { secretWords } from '../../i18n/secrets.ts'
import { Badge } from '../../ui/badge.tsx'
import { CopyButton } from '../../ui/copy.tsx'
import type { Column } from '../../ui/grid.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Expiry, LastUsed } from '../../ui/expiry.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { draftOf, shortName } from '../../lib/permissions.ts'
import { placesInWords, rightsInWords } from '../../lib/right-words.ts'
import type { Owner, Robot } from './robot.ts'
import { words } from './words.ts'

export function columnsOf(owner: Owner): Column<Robot>[] {
  return [
    { name: 'name', title: words().name, sort: 'name', cell: (robot) => <RobotName robot={robot} /> },
    {
      name: 'rights',
      title: words().rights,
      hideBelow: 'small',
      cell: (robot) => <span class="rights-text">{rightsOf(robot, owner === undefined)}</span>,
    },
    {
      name: 'expires',
      title: secretWords().expires,
      cell: (robot) => <Expiry at={endOf(robot)} isSoon={robot.expires_soon === true} />,
    },
    {
      name: 'used',
      title: secretWords().lastUsed,
      hideBelow: 'medium',
      cell: (robot) => <LastUsed at={robot.last_used_time} />,
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
        {robot.old_secret_until !== undefined && <Badge tone="info">{words().twoSecrets}</Badge>}
      </span>
      <span class="robot-login">
        <code>{robot.name}</code>
        <CopyButton text={robot.name} />
      </span>
      {robot.old_secret_until !== undefined && (
        <span class="quiet-text">
          {words().oldEnds} <TimeAgo at={robot.old_secret_until} />
        </span>
      )}
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

/** The API writes the end in seconds since 1970, and -1 for never. */
const endOf = ({ expires_at: end }: Robot): string | undefined =>
  end < 0 ? undefined : new Date(end * 1000).toISOString()
