ALTER TABLE "synapscale_db"."workspaces" ADD COLUMN "retention" json;--> statement-breakpoint
CREATE INDEX "audit_log_age_idx" ON "synapscale_db"."audit_log" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "executions_retention_idx" ON "synapscale_db"."executions" USING btree ("workspace_id","finished_at") WHERE "synapscale_db"."executions"."finished_at" is not null;