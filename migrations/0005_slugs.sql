-- Slugs for the workflows that were there before: of the name, and of the id too where the name is not the only one.
WITH "named" AS (
  SELECT "id", "workspace_id", "created_at",
    coalesce(nullif(trim(both '-' from left(regexp_replace(
      translate(lower("name"), 'áàâãäåéèêëíìîïóòôõöúùûüçñ', 'aaaaaaeeeeiiiiooooouuuucn'),
      '[^a-z0-9]+', '-', 'g'), 80)), ''), 'workflow') AS "base"
  FROM "synapscale_db"."workflows"
), "ranked" AS (
  SELECT "id", "base", row_number() OVER (PARTITION BY "workspace_id", "base" ORDER BY "created_at", "id") AS "place"
  FROM "named"
)
UPDATE "synapscale_db"."workflows" AS "w"
SET "slug" = CASE WHEN "place" = 1 THEN "base" ELSE "base" || '-' || right("w"."id"::text, 12) END
FROM "ranked" WHERE "ranked"."id" = "w"."id";
