CREATE TABLE "synapscale_db"."budget_alerts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"workspace_id" uuid NOT NULL,
	"budget_id" uuid NOT NULL,
	"period_start" timestamp (3) with time zone NOT NULL,
	"threshold" integer NOT NULL,
	"spent" numeric(18, 9) NOT NULL,
	"limit" numeric(18, 9) NOT NULL,
	"fired_at" timestamp (3) with time zone NOT NULL,
	"rearmed_at" timestamp (3) with time zone,
	"told_at" timestamp (3) with time zone,
	"mail_at" timestamp (3) with time zone,
	"mail_attempts" integer DEFAULT 0 NOT NULL,
	"mailed_to" uuid[] DEFAULT '{}'::uuid[] NOT NULL
);
--> statement-breakpoint
CREATE TABLE "synapscale_db"."budget_periods" (
	"budget_id" uuid NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"workspace_id" uuid NOT NULL,
	"spent" numeric(18, 9) NOT NULL,
	CONSTRAINT "budget_periods_budget_id_started_at_pk" PRIMARY KEY("budget_id","started_at")
);
--> statement-breakpoint
CREATE TABLE "synapscale_db"."budgets" (
	"id" uuid PRIMARY KEY NOT NULL,
	"workspace_id" uuid NOT NULL,
	"name" text NOT NULL,
	"scope" text NOT NULL,
	"target" text,
	"period" text NOT NULL,
	"timezone" text NOT NULL,
	"limit" numeric(18, 9) NOT NULL,
	"thresholds" integer[] NOT NULL,
	"hard_stop" boolean NOT NULL,
	"mail_to" uuid[] NOT NULL,
	"recount_at" timestamp (3) with time zone,
	"created_by" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "synapscale_db"."usage_ledger" ADD COLUMN "workflow_id" uuid;--> statement-breakpoint
ALTER TABLE "synapscale_db"."budget_alerts" ADD CONSTRAINT "budget_alerts_budget_id_budgets_id_fk" FOREIGN KEY ("budget_id") REFERENCES "synapscale_db"."budgets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "synapscale_db"."budget_periods" ADD CONSTRAINT "budget_periods_budget_id_budgets_id_fk" FOREIGN KEY ("budget_id") REFERENCES "synapscale_db"."budgets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "synapscale_db"."budgets" ADD CONSTRAINT "budgets_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "synapscale_db"."workspaces"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "budget_alerts_once_key" ON "synapscale_db"."budget_alerts" USING btree ("budget_id","period_start","threshold") WHERE "synapscale_db"."budget_alerts"."rearmed_at" is null;--> statement-breakpoint
CREATE INDEX "budget_alerts_owed_idx" ON "synapscale_db"."budget_alerts" USING btree ("workspace_id","fired_at") WHERE "synapscale_db"."budget_alerts"."told_at" is null or "synapscale_db"."budget_alerts"."mail_at" is not null;--> statement-breakpoint
CREATE INDEX "budgets_list_idx" ON "synapscale_db"."budgets" USING btree ("workspace_id","created_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "budgets_recount_idx" ON "synapscale_db"."budgets" USING btree ("recount_at") WHERE "synapscale_db"."budgets"."recount_at" is not null;