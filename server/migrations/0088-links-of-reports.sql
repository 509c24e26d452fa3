-- The findings of reports refer to both sides as before, but all that a statement writes is checked and locked by two
-- statements: a foreign key runs two for each row, which was two thirds of what writing 100 findings of a report took.

alter table report_finding
  drop constraint report_finding_report_id_fkey,
  drop constraint report_finding_finding_id_fkey;

-- As a foreign key does: what is referred to is there, and locked until the transaction ends.
create function check_report_findings() returns trigger language plpgsql as $$
declare
  reports bigint[];
  findings bigint[];
  found_rows bigint;
begin
  select array_agg(distinct report_id), array_agg(distinct finding_id) into reports, findings from added;
  if reports is null then return null; end if;
  perform from vulnerability_report where id = any(reports) order by id for key share;
  get diagnostics found_rows = row_count;
  if found_rows < cardinality(reports) then
    raise foreign_key_violation using message = 'report_finding refers to a report that is gone';
  end if;
  perform from finding where id = any(findings) order by id for key share;
  get diagnostics found_rows = row_count;
  if found_rows < cardinality(findings) then
    raise foreign_key_violation using message = 'report_finding refers to a finding that is gone';
  end if;
  return null;
end $$;
create trigger check_report_findings after insert on report_finding
  referencing new table as added for each statement execute function check_report_findings();

-- As `on delete cascade` does. A statement of its own: it sees links that were saved while the delete waited.
create function drop_findings_of_reports() returns trigger language plpgsql as $$
begin
  delete from report_finding where report_id = any(array(select id from removed));
  return null;
end $$;
create trigger drop_findings_of_reports after delete on vulnerability_report
  referencing old table as removed for each statement execute function drop_findings_of_reports();

create function drop_links_of_findings() returns trigger language plpgsql as $$
begin
  delete from report_finding where finding_id = any(array(select id from removed));
  return null;
end $$;
create trigger drop_links_of_findings after delete on finding
  referencing old table as removed for each statement execute function drop_links_of_findings();
