import { useState } from 'preact/hooks'
import { canInSystem } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { RobotList, type OpenRobot } from './robot-list.tsx'
import { words } from './words.ts'

/** The robots of the system. */
export default function Robots() {
  const [open, setOpen] = useState<OpenRobot>(undefined)
  const mayCreate = canInSystem('robot', 'create')
  const mayDelete = canInSystem('robot', 'delete')
  return (
    <>
      <PageHeader
        title={words().title}
        about={words().aboutSystem}
        actions={
          mayCreate && (
            <Button tone="main" icon="add" onClick={() => setOpen({ what: 'add' })}>
              {words().add}
            </Button>
          )
        }
      />
      <RobotList
        owner={undefined}
        rights={{ mayCreate, mayUpdate: mayCreate, mayDelete }}
        open={open}
        onOpen={setOpen}
      />
    </>
  )
}
