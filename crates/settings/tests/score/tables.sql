-- The tables of a database as one JSON array.
select coalesce(json_agg(t), '[]') from (
  select n.nspname as schema, c.relname as table, c.relkind as form,
    coalesce((select json_agg(json_build_object(
        'name', a.attname, 'type', format_type(a.atttypid, null),
        'labels', coalesce((select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e
          where e.enumtypid = a.atttypid), '[]')) order by a.attnum)
      from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
    coalesce((select json_agg(json_build_object(
        'type', k.contype, 'definition', pg_get_constraintdef(k.oid),
        'columns', (select json_agg(a.attname order by u.ord) from unnest(k.conkey) with ordinality u(num, ord)
          join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num),
        'schema', f.relnamespace::regnamespace::text, 'table', f.relname,
        'refers', (select json_agg(a.attname order by u.ord) from unnest(k.confkey) with ordinality u(num, ord)
          join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.num)))
      from pg_constraint k left join pg_class f on f.oid = k.confrelid where k.conrelid = c.oid), '[]') as constraints,
    exists (select from pg_publication_tables p where p.pubname = 'supabase_realtime' and p.schemaname = n.nspname
      and p.tablename = c.relname) as published
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema', 'auth')
  order by 1, 2
) t
