ALTER TABLE "synapscale_db"."execution_visits" ADD COLUMN "large" json;--> statement-breakpoint
ALTER TABLE "synapscale_db"."executions" ADD COLUMN "large" json;