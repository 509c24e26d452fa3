import type { Project } from '../../../catalog/project.ts'
import { givenProject, pushImage, type PushedImage } from '../../../testing/given.ts'
import { expectAnswer, type Answer, type Person } from '../../../testing/http.ts'
import { givenReport, givenScanner } from '../../../testing/reports.ts'
import { openScene } from '../../../testing/scene.ts'
import type { Finding, ReportState } from '../reports/finding.ts'

/** What tests of the pull gate share: a Marina with a scanner, images with reports, and projects with rules. */
const scene = await openScene()
export const marina = scene.marina
export const rest = scene.rest
export const cast = scene.cast
export const admin = marina.admin
export const scanner = await givenScanner(marina)

export const set = async (project: Project, metadata: Record<string, string>, cves?: string[], expiresAt?: number) => {
  const list = cves && { items: cves.map((id) => ({ cve_id: id })), ...(expiresAt ? { expires_at: expiresAt } : {}) }
  const body = { metadata, ...(list ? { cve_allowlist: list } : {}) }
  expectAnswer(await rest('PUT', `/projects/${project.name}`, admin, body), 200)
}
export const pull = (
  image: Pick<PushedImage, 'repository' | 'digest'>,
  as: Person = admin,
  { method = 'GET', agent = 'docker/28' } = {},
) => marina.ask(method, `/v2/${image.repository}/manifests/${image.digest}`, { as, headers: { 'user-agent': agent } })
export const messageOf = ({ text }: Answer) =>
  (JSON.parse(text) as { errors: { message: string }[] }).errors[0]!.message
export const refuses = async (project: Project, severity: string, more: Record<string, string> = {}) =>
  set(project, { prevent_vul: 'true', severity, ...more })
export const given = async (findings: Finding[] | undefined, state: ReportState = 'ok') => {
  const project = await givenProject(marina)
  const image = await pushImage(marina, `${project.name}/app`)
  if (findings) await givenReport(marina, image, scanner, findings, state)
  return { project, image }
}
