CREATE TABLE "synapscale_db"."object_deletions" (
	"prefix" text PRIMARY KEY NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "synapscale_db"."executions" ADD COLUMN "archived_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "executions_finished_idx" ON "synapscale_db"."executions" USING btree ("finished_at") WHERE "synapscale_db"."executions"."finished_at" is not null;--> statement-breakpoint
CREATE INDEX "executions_actor_idx" ON "synapscale_db"."executions" USING btree ("id") WHERE "synapscale_db"."executions"."archived_at" is null;