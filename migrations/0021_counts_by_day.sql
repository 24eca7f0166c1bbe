-- What was counted until now was counted by quarters of an hour. An older version that still runs beside this migration
-- cannot add counts any more (they would not reach the days): it leaves the executions uncounted, for the new one.
ALTER TABLE "synapscale_db"."execution_stats" ADD COLUMN "span" text NOT NULL DEFAULT 'quarter_hour';--> statement-breakpoint
ALTER TABLE "synapscale_db"."execution_stats" ALTER COLUMN "span" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "synapscale_db"."execution_stats" DROP CONSTRAINT "execution_stats_pk";
--> statement-breakpoint
INSERT INTO "synapscale_db"."execution_stats"
  ("workspace_id", "dimension", "span", "slot", "key", "status", "bucket", "count", "duration_ms")
SELECT "workspace_id", "dimension", 'day', date_trunc('day', "slot", 'UTC'), "key", "status", "bucket", sum("count"), sum("duration_ms")
FROM "synapscale_db"."execution_stats" GROUP BY 1, 2, 4, 5, 6, 7;--> statement-breakpoint
ALTER TABLE "synapscale_db"."execution_stats" ADD CONSTRAINT "execution_stats_pk" PRIMARY KEY("workspace_id","dimension","span","slot","key","status","bucket");
