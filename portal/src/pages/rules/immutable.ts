import { forget } from '../../lib/query.ts'

/** Asks again for the rules that keep tags of a project as they are. */
export const forgetImmutable = (project: string): void => forget(`/projects/${project}/immutabletagrules`)
