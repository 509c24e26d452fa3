import { getPulls } from '../../../api/pulls.ts'
import { artifactWords } from '../i18n/artifact.ts'
import { useApi } from '../lib/query.ts'
import { showCount, showDay } from '../lib/show.ts'
import { Sparkline } from './charts.tsx'

type PullsProps = { project: string; repository: string; digest?: string }

/** Days that are shown. */
const days = 30

/** How often a repository or an artifact was pulled lately: a number and a line, or a dash where it is not recorded. */
export function PullsByDay({ project, repository, digest }: PullsProps) {
  const query = { repository, days, ...(digest === undefined ? {} : { digest }) }
  const { data } = useApi(getPulls, { params: { project_name: project }, query })
  if (data === undefined || data.kept_days === 0) return <span class="quiet-text">–</span>
  return (
    <span class="marks">
      {showCount(data.total)}
      <Sparkline
        label={artifactWords().pullsByDay}
        points={data.days.map(({ day, count }) => ({ label: showDay(day), value: count }))}
        width={180}
        height={26}
      />
    </span>
  )
}
