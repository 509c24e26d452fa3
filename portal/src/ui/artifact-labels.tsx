import { useState } from 'preact/hooks'
import { addLabel, getArtifact, removeLabel } from '../../../api/artifacts.ts'
import { listLabels } from '../../../api/labels.ts'
import { artifactWords } from '../i18n/artifact.ts'
import { common } from '../i18n/common.ts'
import { useAction } from '../lib/action.ts'
import { send } from '../lib/api.ts'
import { shortDigest } from '../lib/format.ts'
import { useApi } from '../lib/query.ts'
import { forgetArtifacts, paramsOf, type TargetProps } from './artifact-target.ts'
import { Labels } from './artifact-marks.tsx'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { Problem } from './problem.tsx'

/** Labels of the project and of the system to choose from, at most this many of each. */
const most = 100

/** Puts labels on an artifact and takes them away; each choice counts at once. */
export function ChooseLabels({ target, onClose }: TargetProps) {
  const words = artifactWords()
  const ofProject = useApi(listLabels, { query: { scope: 'p', project_id: target.projectId, page_size: most } })
  const ofSystem = useApi(listLabels, { query: { scope: 'g', page_size: most } })
  const artifact = useApi(getArtifact, { params: paramsOf(target), query: { with_label: true, with_tag: false } })
  // What was chosen shows at once, and goes back when the server refuses it.
  const [chosen, setChosen] = useState<ReadonlyMap<number, boolean>>(new Map())
  const change = useAction(async (id: number, isOn: boolean) => {
    if (isOn) await send(addLabel, { params: paramsOf(target), body: { id } })
    else await send(removeLabel, { params: { ...paramsOf(target), label_id: id } })
    forgetArtifacts()
  })
  const choose = async (id: number, isOn: boolean) => {
    setChosen(new Map([...chosen, [id, isOn]]))
    if (!(await change.run(id, isOn))) setChosen(new Map([...chosen, [id, !isOn]]))
  }
  const all = [...(ofProject.data ?? []), ...(ofSystem.data ?? [])]
  const held = new Set(artifact.data?.labels?.map(({ id }) => id))
  const error = change.error ?? artifact.error ?? ofProject.error ?? ofSystem.error
  const isLoading = [ofProject, ofSystem, artifact].some(({ data }) => data === undefined)
  return (
    <Dialog
      title={words.labelsTitle(shortDigest(target.digest))}
      onClose={onClose}
      actions={<Button onClick={onClose}>{common().close}</Button>}
    >
      {error && <Problem error={error} />}
      {!isLoading && all.length === 0 && <p>{words.labelsEmpty}</p>}
      {!isLoading && (
        <div class="label-choice">
          {all.map((label) => (
            <label key={label.id}>
              <input
                type="checkbox"
                checked={chosen.get(label.id) ?? held.has(label.id)}
                onChange={(event) => void choose(label.id, event.currentTarget.checked)}
              />
              <Labels labels={[label]} />
            </label>
          ))}
        </div>
      )}
    </Dialog>
  )
}
