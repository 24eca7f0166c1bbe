CREATE TABLE "synapscale_db"."workflow_triggers" (
	"id" uuid PRIMARY KEY NOT NULL,
	"workspace_id" uuid NOT NULL,
	"workflow_id" uuid NOT NULL,
	"node_id" text NOT NULL,
	"kind" text NOT NULL,
	"url_generation" integer DEFAULT 0 NOT NULL,
	"secret_generation" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_fired_at" timestamp (3) with time zone,
	"last_execution_id" uuid,
	"last_error" text,
	"last_error_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "synapscale_db"."workflow_triggers" ADD CONSTRAINT "workflow_triggers_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "synapscale_db"."workspaces"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "synapscale_db"."workflow_triggers" ADD CONSTRAINT "workflow_triggers_workflow_id_workflows_id_fk" FOREIGN KEY ("workflow_id") REFERENCES "synapscale_db"."workflows"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "workflow_triggers_node_key" ON "synapscale_db"."workflow_triggers" USING btree ("workflow_id","node_id");