import { deleteProjectMetadata } from '../../../../api/project-metadata.ts'
import { updateProject } from '../../../../api/projects.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { now } from '../../lib/clock.ts'
import { dayOf, endOfDay } from '../../lib/days.ts'
import { forget } from '../../lib/query.ts'
import { SelectField } from '../../ui/choices.tsx'
import { CheckField, Form, TextField, type Values } from '../../ui/form.tsx'
import { Icon } from '../../ui/icon.tsx'
import type { Project } from '../../ui/project-frame.tsx'
import { toast } from '../../ui/toasts.tsx'
import { HoldFields, holdIn, holdProblems } from './hold-fields.tsx'
import { words } from './words.ts'

const severities = ['none', 'negligible', 'low', 'medium', 'high', 'critical'] as const
const flags = [
  ['prevent_vul', 'prevent'],
  ['verify_signatures', 'verify'],
  ['enable_content_trust_cosign', 'cosign'],
  ['enable_content_trust', 'notation'],
  ['auto_scan', 'autoScan'],
  ['auto_sbom_generation', 'autoSbom'],
] as const

/** What is done with an image that is pushed, which images may be pulled, and the vulnerabilities that are excepted. */
export function SecuritySection({ project }: { project: Project }) {
  const { metadata, cve_allowlist: list } = project
  const isOver = list.expires_at !== undefined && list.expires_at * 1000 < now.value
  return (
    <section class="card" aria-label={words().security}>
      <h2>{words().security}</h2>
      <div class="note info">
        <Icon name="info" />
        <p>{words().securityAbout}</p>
      </div>
      <Form action={common().save} check={holdProblems} submit={(values) => save(project, values)}>
        {flags.map(([name, word]) => (
          <CheckField key={name} name={name} label={words()[word]} isOn={metadata[name] === 'true'} />
        ))}
        <PolicyFields metadata={metadata} />
        <HoldFields metadata={metadata} />
        <h3>{words().allowlist}</h3>
        <CheckField name="reuse" label={words().reuse} isOn={metadata.reuse_sys_cve_allowlist !== 'false'} />
        <TextField
          name="cves"
          label={words().cves}
          hint={words().cvesHint}
          rows={4}
          value={(list.items ?? []).map((one) => one.cve_id).join('\n')}
        />
        <TextField
          name="until"
          type="date"
          label={words().until}
          hint={isOver ? words().ended : words().untilHint}
          value={dayOf(list.expires_at)}
        />
      </Form>
    </section>
  )
}

/** Who makes SBOMs, and from which severity on pulls are refused or bring a warning. */
function PolicyFields({ metadata }: { metadata: Project['metadata'] }) {
  return (
    <>
      <SelectField
        name="sbom_maker"
        label={words().sbomMaker}
        hint={words().sbomMakerHint}
        value={metadata.sbom_maker === 'scanner' ? 'scanner' : 'marina'}
        options={(['marina', 'scanner'] as const).map((value) => ({ value, label: words().sbomMakers[value] }))}
      />
      <SelectField
        name="severity"
        label={words().severity}
        value={severities.find((one) => one === metadata.severity) ?? 'low'}
        options={severities.map((value) => ({ value, label: words().severities[value] }))}
      />
      <SelectField
        name="vulnerability_warning"
        label={words().warning}
        hint={words().warningHint}
        value={severities.find((one) => one === metadata.vulnerability_warning) ?? ''}
        options={[
          { value: '', label: words().noWarning },
          ...severities.map((value) => ({ value, label: words().severities[value] })),
        ]}
      />
    </>
  )
}

async function save(project: Project, values: Values): Promise<void> {
  const { severity = 'low', vulnerability_warning: warning = '', cves = '', reuse, until = '' } = values
  const items = cves
    .split(/[\s,]+/)
    .filter((one) => one !== '')
    .map((one) => ({ cve_id: one }))
  const metadata = {
    ...Object.fromEntries(flags.map(([name]) => [name, String(values[name] === 'on')])),
    severity,
    sbom_maker: values['sbom_maker'] ?? 'marina',
    ...(warning === '' ? {} : { vulnerability_warning: warning }),
    ...holdIn(values),
    reuse_sys_cve_allowlist: String(reuse === 'on'),
  }
  await send(updateProject, {
    params: { project_name_or_id: project.name },
    body: { metadata, cve_allowlist: { items, ...(until === '' ? {} : { expires_at: endOfDay(until) }) } },
  })
  // No value stands for no warning: it is taken away instead.
  if (warning === '' && project.metadata.vulnerability_warning !== undefined)
    await send(deleteProjectMetadata, {
      params: { project_name_or_id: project.name, meta_name: 'vulnerability_warning' },
    })
  forget(`/projects/${project.name}`)
  toast(words().saved)
}
