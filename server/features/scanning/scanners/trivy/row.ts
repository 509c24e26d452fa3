import type { Queryable } from '../../../../platform/db/db.ts'
import { sql } from '../../../../platform/db/sql.ts'

/** Nothing is asked at its URL, and nobody can register one like it: it is a program on this machine. */
export const trivyUrl = 'marina://trivy'

/** Whether a scanner is a part of Marina or runs beside it: it is not asked by HTTP, and its address stays. */
export const isBuiltIn = ({ isOwn, url }: { isOwn: boolean; url: string }): boolean => isOwn || url === trivyUrl

/** Puts the Trivy on this machine among the scanners. It is never the default by itself: people have to choose it. */
export async function ensureTrivy(db: Queryable): Promise<void> {
  await db.run(sql`
    insert into scanner (name, description, url)
    select free.name, 'a Trivy on the machine of Marina (MARINA_TRIVY)', ${trivyUrl}
    from (values ('Trivy', 1), ('Trivy (on this machine)', 2)) as free (name, place)
    where not exists (select from scanner where scanner.name = free.name)
      and not exists (select from scanner where url = ${trivyUrl})
    order by place limit 1
    on conflict do nothing`)
}
