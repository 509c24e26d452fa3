-- Findings of packages by their rows, so that the reports of many images are written without reading each finding again.

alter table package
  -- rows of finding that say what matches has without what is taken away, in its order; null: not saved yet
  add column finding_ids bigint[],
  -- changed_generation at which finding_ids were saved: others make them void
  add column found_generation bigint;
