ALTER TABLE "synapscale_db"."workflow_versions" ADD COLUMN "published_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "synapscale_db"."workflow_versions" ADD COLUMN "published_by" uuid;--> statement-breakpoint
ALTER TABLE "synapscale_db"."workflow_versions" ADD COLUMN "notes" text;--> statement-breakpoint
ALTER TABLE "synapscale_db"."workflows" ADD COLUMN "slug" text DEFAULT gen_random_uuid()::text NOT NULL;--> statement-breakpoint
ALTER TABLE "synapscale_db"."workflows" ADD COLUMN "published_version" integer;--> statement-breakpoint
CREATE UNIQUE INDEX "workflows_slug_key" ON "synapscale_db"."workflows" USING btree ("workspace_id","slug");