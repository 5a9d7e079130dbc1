-- The tables and views of the database as one JSON array. $1: the role that reads.
select coalesce(json_agg(t), '[]')::text from (
  select n.nspname as schema, c.relname as table, c.relkind as form,
    c.reltuples::bigint as estimate, c.relreplident as replica_identity, c.relrowsecurity as row_security,
    has_schema_privilege($1, n.oid, 'usage') and has_table_privilege($1, c.oid, 'select') as granted,
    exists (select from pg_policy p where p.polrelid = c.oid and p.polcmd in ('r', '*') and p.polpermissive
      and (p.polroles = '{0}' or exists (select from pg_roles r where r.rolname = $1 and r.oid = any (p.polroles)))
    ) as has_policy,
    exists (select from pg_publication p left join pg_publication_rel r on r.prpubid = p.oid and r.prrelid = c.oid
      left join pg_publication_namespace s on s.pnpubid = p.oid and s.pnnspid = c.relnamespace
      where p.pubname = 'supabase_realtime' and (p.puballtables or r.prrelid is not null or s.pnnspid is not null)
    ) as published,
    coalesce((select p.pubviaroot from pg_publication p where p.pubname = 'supabase_realtime'), false) as via_root,
    coalesce((select json_agg(i.inhrelid::regclass::text order by 1) from pg_inherits i where i.inhparent = c.oid
      and c.relkind = 'p'), '[]') as partitions,
    coalesce((select json_agg(json_build_object(
        'name', a.attname, 'type', format_type(a.atttypid, null),
        'labels', coalesce((select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e
          where e.enumtypid = a.atttypid), '[]')) order by a.attnum)
      from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
    coalesce((select json_agg(json_build_object(
        'type', k.contype, 'definition', pg_get_constraintdef(k.oid),
        'columns', (select json_agg(a.attname order by u.ord) from unnest(k.conkey) with ordinality u(num, ord)
          join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num),
        'schema', (select fn.nspname from pg_namespace fn where fn.oid = f.relnamespace), 'table', f.relname,
        'refers', (select json_agg(a.attname order by u.ord) from unnest(k.confkey) with ordinality u(num, ord)
          join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.num)))
      from pg_constraint k left join pg_class f on f.oid = k.confrelid
      where k.conrelid = c.oid and k.contype in ('p', 'u', 'f', 'c')), '[]') as constraints
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and n.nspname !~ '^pg_'
    and n.nspname <> all ('{information_schema,auth,extensions,storage,realtime,vault,graphql,graphql_public,cron,net,supabase_functions,supabase_migrations}')
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by n.nspname <> 'public', n.nspname, c.relname
  limit 500
) t
