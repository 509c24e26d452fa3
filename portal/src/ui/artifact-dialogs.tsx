import { createTag, deleteArtifact, deleteTag } from '../../../api/artifacts.ts'
import { getArtifactGraph } from '../../../api/artifact-graph.ts'
import { artifactWords } from '../i18n/artifact.ts'
import { common } from '../i18n/common.ts'
import { send } from '../lib/api.ts'
import { shortDigest } from '../lib/format.ts'
import { useApi } from '../lib/query.ts'
import { showBytes } from '../lib/show.ts'
import { forgetArtifacts, paramsOf, type TargetProps } from './artifact-target.ts'
import { Confirm } from './confirm.tsx'
import { FormDialog } from './form-dialog.tsx'
import { TextField } from './form.tsx'
import { toast } from './toasts.tsx'

const tagRule = /^\w[\w.-]{0,127}$/

/** Gives an artifact one more tag. */
export function AddTag({ target, onClose }: TargetProps) {
  const words = artifactWords()
  return (
    <FormDialog
      title={words.addTagTitle(shortDigest(target.digest))}
      action={words.addTag}
      onClose={onClose}
      check={({ tag = '' }) => (tagRule.test(tag) ? {} : { tag: words.tagBad })}
      submit={async ({ tag = '' }) => {
        await send(createTag, { params: paramsOf(target), body: { name: tag } })
        forgetArtifacts()
        toast(words.tagAdded(tag))
      }}
      fieldOf={({ status }) => (status === 409 || status === 400 || status === 412 ? 'tag' : undefined)}
    >
      <TextField name="tag" label={words.tagName} hint={words.tagHint} isRequired autofocus maxLength={128} />
    </FormDialog>
  )
}

/** Takes a tag away; the artifact stays. */
export function RemoveTag({ target, onClose }: TargetProps) {
  const words = artifactWords()
  const tag = target.tag!
  return (
    <Confirm
      title={words.untagTitle(tag)}
      action={words.untagAction}
      onClose={onClose}
      run={async () => {
        await send(deleteTag, { params: { ...paramsOf(target), tag_name: tag } })
        forgetArtifacts()
        toast(words.untagged(tag))
      }}
    >
      <p>{words.untagHint}</p>
    </Confirm>
  )
}

/** Tags that are named before the rest becomes dots. */
const named = 6
const list = (names: string[]) => `${names.slice(0, named).join(', ')}${names.length > named ? ', …' : ''}`

/** Deletes an artifact, after it has said what goes with it. */
export function DeleteArtifact({ target, onClose, onGone }: TargetProps) {
  const words = artifactWords()
  const { data, isLoading } = useApi(getArtifactGraph, { params: paramsOf(target) })
  const parents = data?.parents ?? []
  const name = shortDigest(target.digest)
  const names = parents.map(({ digest, tags }) => (tags.length > 0 ? list(tags) : shortDigest(digest)))
  return (
    <Confirm
      title={words.deleteTitle(name)}
      action={words.deleteAction}
      refusedBecause={parents.length > 0 ? words.deleteNamed(list(names)) : undefined}
      onClose={onClose}
      run={async () => {
        await send(deleteArtifact, { params: paramsOf(target) })
        forgetArtifacts()
        toast(words.deleted(name))
        onGone?.()
      }}
    >
      {data && (
        <>
          <p>{words.deleteTags(data.node.tags.length, list(data.node.tags))}</p>
          {data.children.length > 0 && <p>{words.deleteParts(data.children.length)}</p>}
          {data.referrers.length > 0 && <p>{words.deleteBelonging(data.referrers.length)}</p>}
          <p>{words.deleteBytes(showBytes(data.node.size))}</p>
        </>
      )}
      {isLoading && <p class="quiet-text">{common().loading}…</p>}
      <p>{words.deleteTrash}</p>
    </Confirm>
  )
}
