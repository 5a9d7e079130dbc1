//! The pulse: a table of one row in which the database raises a number at a regular interval, and the script that
//! creates it.

use std::time::Duration;

use super::{
    PUBLICATION,
    names::{dollar_quoted, literal, qualified},
    remedy::publish_in_block,
};
use crate::format::grouped;

/// The schema of the pulse table.
pub const PULSE_SCHEMA: &str = "public";
/// The pulse table.
pub const PULSE_TABLE: &str = "opswall_pulse";
/// The key of its row.
pub const PULSE_KEY: &str = "id";
/// Its columns beside the key: the number, and when it was raised.
pub const PULSE_COLUMNS: [&str; 2] = ["seq", "at"];
/// The job of pg_cron that raises the number.
pub const PULSE_JOB: &str = "opswall-pulse";

/// The interval of a pulse: one that a schedule of pg_cron can express, and that is learned by the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PulseInterval(u64);

impl Default for PulseInterval {
    /// 15 s.
    fn default() -> Self {
        Self(15)
    }
}

impl PulseInterval {
    /// 5 to 59 s, 1 min or 2 min; `None`: any other.
    pub fn new(every: Duration) -> Option<Self> {
        let seconds = every.as_secs();
        let is_allowed = every.subsec_nanos() == 0 && (matches!(seconds, 5..=60) || seconds == 120);
        is_allowed.then_some(Self(seconds))
    }

    /// As pg_cron writes it.
    fn schedule(self) -> String {
        match self.0 {
            60 => "* * * * *".to_owned(),
            seconds @ ..60 => format!("{seconds} seconds"),
            seconds => format!("*/{} * * * *", seconds / 60),
        }
    }

    /// Messages in a month of 30 days, in thousands.
    fn monthly(self) -> String {
        let pulses = 30 * 86_400 / self.0;
        grouped((pulses + 500) / 1_000 * 1_000)
    }
}

/// The script that creates the pulse. It can be run repeatedly.
pub fn pulse_script(every: PulseInterval) -> String {
    let table = qualified(PULSE_SCHEMA, PULSE_TABLE);
    let PulseInterval(seconds) = every;
    let [seq, at] = PULSE_COLUMNS;
    let raise = format!("update {table} set {seq} = {seq} + 1, {at} = clock_timestamp()");
    let publication = dollar_quoted(&format!(
        "begin\n  if not exists (select from pg_catalog.pg_publication where pubname = '{PUBLICATION}') then\n    create \
         publication {PUBLICATION};\n  end if;\n{}end\n",
        publish_in_block(PULSE_SCHEMA, PULSE_TABLE)
    ));
    let roles = dollar_quoted(
        "declare\n  reader text;\nbegin\n  foreach reader in array array['anon', 'authenticated'] loop\n    if not exists \
         (select from pg_catalog.pg_roles where rolname = reader) then\n      execute format('create role %I nologin \
         noinherit', reader);\n    end if;\n  end loop;\nend\n",
    );
    format!(
        "\
-- The pulse of a wall: every {seconds} s the database raises a number that each wall follows. A number that is missing, or
-- late, shows within seconds that changes no longer arrive; without it a wall finds that out by its audits, within 90 s.
-- Run all of it, as often as you like:  opswall schema --pulse | psql \"$DATABASE_URL\"   or in the SQL editor.
--
-- What it costs: one small update and one Realtime message for each pulse and wall. With a pulse every {seconds} s that
-- is {monthly} messages a month for each wall, which count towards the quota of your plan.
--
-- To remove it:
--   select cron.unschedule('{PULSE_JOB}');
--   select cron.unschedule('{PULSE_JOB}-log');
--   drop table {table};

begin;
set local client_min_messages = warning;

-- Supabase has these roles; a plain PostgreSQL gets them here.
do {roles};

create table if not exists {table} (
  {PULSE_KEY}  smallint primary key default 1 check ({PULSE_KEY} = 1),
  {seq} bigint not null default 0,
  {at}  timestamptz not null default clock_timestamp()
);
insert into {table} default values on conflict ({PULSE_KEY}) do nothing;

-- Walls may read it, and nobody may write it through the API.
alter table {table} enable row level security;
revoke all on {table} from anon, authenticated;
grant usage on schema {PULSE_SCHEMA} to anon, authenticated;
grant select on {table} to anon, authenticated;
drop policy if exists \"opswall reads\" on {table};
create policy \"opswall reads\" on {table} for select to anon, authenticated using (true);

do {publication};
commit;

-- The jobs: one raises the number, the other removes what pg_cron records about its runs after a day. Jobs of these names
-- are replaced.
do {jobs};

-- Without pg_cron anything that runs this statement every {seconds} s will do, for instance a service of systemd with
--   echo '{raise} \\watch {seconds}' | psql \"$DATABASE_URL\"
-- or a timer with OnUnitActiveSec={seconds}s. It must run as the table's owner.
",
        monthly = every.monthly(),
        jobs = dollar_quoted(&jobs(every, &raise)),
    )
}

/// The block that makes the jobs, or reports why it could not.
fn jobs(every: PulseInterval, raise: &str) -> String {
    let log = format!(
        "delete from cron.job_run_details where end_time < now() - interval '1 day' and jobid in (select jobid from \
         cron.job where jobname in ('{PULSE_JOB}', '{PULSE_JOB}-log'))"
    );
    format!(
        "begin
  if not exists (select from pg_catalog.pg_extension where extname = 'pg_cron') then
    raise notice 'pg_cron is not installed, so nothing raises the number yet. Run: create extension pg_cron;  (on \
         Supabase: Integrations, Cron), then this script again; or see the note at its end.';
    return;
  end if;
  begin
    perform cron.schedule('{PULSE_JOB}', {schedule}, {raise});
    perform cron.schedule('{PULSE_JOB}-log', '17 3 * * *', {log});
  exception when others then
    raise notice 'pg_cron did not take the job: %. Seconds need pg_cron 1.5 or newer; an older one takes --every 1m. \
         See also the note at the end of the script.', sqlerrm;
  end;
end
",
        schedule = literal(&every.schedule()),
        raise = literal(raise),
        log = literal(&log),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(seconds: u64) -> String {
        pulse_script(PulseInterval::new(Duration::from_secs(seconds)).expect("an interval"))
    }

    #[test]
    fn only_intervals_that_a_schedule_can_express_are_taken() {
        let allowed = |ms: u64| PulseInterval::new(Duration::from_millis(ms)).is_some();
        assert!([5_000, 15_000, 59_000, 60_000, 120_000].into_iter().all(allowed));
        assert!(![0, 4_000, 5_500, 61_000, 90_000, 180_000].into_iter().any(allowed));
        assert_eq!(
            PulseInterval::new(Duration::from_secs(15)),
            Some(PulseInterval::default())
        );
    }

    #[test]
    fn the_schedule_and_the_cost_follow_from_the_interval() {
        for (seconds, schedule, monthly) in [
            (15, "'15 seconds'", "173,000 messages"),
            (5, "'5 seconds'", "518,000 messages"),
            (60, "'* * * * *'", "43,000 messages"),
            (120, "'*/2 * * * *'", "22,000 messages"),
        ] {
            let sql = script(seconds);
            assert!(sql.contains(schedule) && sql.contains(monthly), "{sql}");
        }
    }
}
