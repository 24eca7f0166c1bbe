ALTER TABLE "synapscale_db"."executions" ADD COLUMN "parent_execution_id" uuid;--> statement-breakpoint
ALTER TABLE "synapscale_db"."executions" ADD COLUMN "retry_of" uuid;--> statement-breakpoint
ALTER TABLE "synapscale_db"."executions" ADD COLUMN "approvals" json;--> statement-breakpoint
CREATE INDEX "executions_approvals_idx" ON "synapscale_db"."executions" USING btree ("workspace_id","created_at" DESC NULLS LAST) WHERE "synapscale_db"."executions"."approvals" is not null;