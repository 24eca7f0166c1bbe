CREATE TABLE "synapscale_db"."agent_versions" (
	"agent_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"workspace_id" uuid NOT NULL,
	"model" text NOT NULL,
	"fallback_models" text[] NOT NULL,
	"instructions" text NOT NULL,
	"personality" text,
	"temperature" double precision,
	"top_p" double precision,
	"max_tokens" integer,
	"tools" json NOT NULL,
	"memory" json NOT NULL,
	"limits" json NOT NULL,
	"output_schema" json,
	"created_by" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "agent_versions_agent_id_version_pk" PRIMARY KEY("agent_id","version")
);
--> statement-breakpoint
CREATE TABLE "synapscale_db"."agents" (
	"id" uuid PRIMARY KEY NOT NULL,
	"workspace_id" uuid NOT NULL,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"agent_type" text,
	"tags" text[] NOT NULL,
	"status" text NOT NULL,
	"model" text NOT NULL,
	"fallback_models" text[] NOT NULL,
	"instructions" text NOT NULL,
	"personality" text,
	"temperature" double precision,
	"top_p" double precision,
	"max_tokens" integer,
	"tools" json NOT NULL,
	"memory" json NOT NULL,
	"limits" json NOT NULL,
	"output_schema" json,
	"version" integer NOT NULL,
	"created_by" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "synapscale_db"."agent_versions" ADD CONSTRAINT "agent_versions_agent_id_agents_id_fk" FOREIGN KEY ("agent_id") REFERENCES "synapscale_db"."agents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "synapscale_db"."agents" ADD CONSTRAINT "agents_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "synapscale_db"."workspaces"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "agents_list_idx" ON "synapscale_db"."agents" USING btree ("workspace_id","created_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE UNIQUE INDEX "agents_slug_key" ON "synapscale_db"."agents" USING btree ("workspace_id","slug");