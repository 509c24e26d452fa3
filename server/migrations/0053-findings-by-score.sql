-- What the security hub looks for: findings by their scores, and the images with the worst ones.

create index finding_score on finding (cvss_v3 desc nulls last, id desc);
create index finding_severity on finding (severity, cvss_v3 desc nulls last, id desc);
-- With the report, so that the images of a finding come in their order without a sort.
drop index report_finding_finding;
create index report_finding_finding on report_finding (finding_id, report_id);
create index vulnerability_report_worst on vulnerability_report (
  scanner_id, (counts[7]) desc, (counts[6]) desc, (counts[5]) desc, (counts[4]) desc, id)
  where ended_at is not null and severity >= 3;
