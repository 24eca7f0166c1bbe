CREATE TABLE "synapscale_db"."execution_stats" (
	"workspace_id" uuid NOT NULL,
	"dimension" text NOT NULL,
	"slot" timestamp (3) with time zone NOT NULL,
	"key" text NOT NULL,
	"status" text NOT NULL,
	"bucket" smallint NOT NULL,
	"count" bigint NOT NULL,
	"duration_ms" bigint NOT NULL,
	CONSTRAINT "execution_stats_pk" PRIMARY KEY("workspace_id","dimension","slot","key","status","bucket")
);
--> statement-breakpoint
DROP INDEX "synapscale_db"."usage_ledger_time_idx";--> statement-breakpoint
ALTER TABLE "synapscale_db"."execution_visits" ADD COLUMN "node_type" text;--> statement-breakpoint
ALTER TABLE "synapscale_db"."executions" ADD COLUMN "counted_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "synapscale_db"."execution_stats" ADD CONSTRAINT "execution_stats_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "synapscale_db"."workspaces"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "executions_uncounted_idx" ON "synapscale_db"."executions" USING btree ("workspace_id","created_at") WHERE "synapscale_db"."executions"."counted_at" is null;--> statement-breakpoint
CREATE INDEX "executions_to_count_idx" ON "synapscale_db"."executions" USING btree ("id") WHERE "synapscale_db"."executions"."counted_at" is null and "synapscale_db"."executions"."finished_at" is not null;--> statement-breakpoint
CREATE INDEX "usage_ledger_time_idx" ON "synapscale_db"."usage_ledger" USING btree ("workspace_id","at","user_id","input_tokens","output_tokens","cost");