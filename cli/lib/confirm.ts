import type { Output } from './output.ts'
import { wrongUsage, Problem } from './problem.ts'
import { ask } from './prompt.ts'
import { tame } from './text.ts'

/**
 * Says what will happen, and asks. Returns false for --dry-run, which ends there. Throws Problem for any answer but
 * yes.
 */
export async function confirm(
  out: Output,
  { yes = false, dryRun = false }: { yes?: boolean; dryRun?: boolean },
  what: string[],
  question: string,
): Promise<boolean> {
  for (const line of what) out.remark(tame(line))
  if (dryRun) out.remark('dry run: nothing was changed')
  if (dryRun || yes) return !dryRun
  if (!process.stdin.isTTY)
    throw wrongUsage('nobody was asked, as there is no terminal', 'add --yes to go on, or --dry-run')
  const answer = await ask(`${question} [y/N]`)
  if (!/^y(?:es)?$/i.test(answer)) throw new Problem('nothing was changed')
  return true
}
