CREATE TABLE "synapscale_db"."file_deliveries" (
	"file_id" uuid NOT NULL,
	"trigger_id" uuid NOT NULL,
	"workspace_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "file_deliveries_file_id_trigger_id_pk" PRIMARY KEY("file_id","trigger_id")
);
--> statement-breakpoint
CREATE TABLE "synapscale_db"."file_upload_parts" (
	"upload_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"etag" text NOT NULL,
	CONSTRAINT "file_upload_parts_upload_id_number_pk" PRIMARY KEY("upload_id","number")
);
--> statement-breakpoint
CREATE TABLE "synapscale_db"."file_uploads" (
	"id" uuid PRIMARY KEY NOT NULL,
	"workspace_id" uuid NOT NULL,
	"file_id" uuid NOT NULL,
	"created_by" uuid,
	"multipart_id" text,
	"input" json,
	"size" bigint,
	"state" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "synapscale_db"."files" (
	"id" uuid PRIMARY KEY NOT NULL,
	"workspace_id" uuid NOT NULL,
	"blob_id" uuid NOT NULL,
	"filename" text NOT NULL,
	"folder" text NOT NULL,
	"content_type" text NOT NULL,
	"size" bigint NOT NULL,
	"sha256" text NOT NULL,
	"tags" text[] NOT NULL,
	"category" text,
	"metadata" json NOT NULL,
	"origin" text NOT NULL,
	"execution_id" uuid,
	"created_by" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "synapscale_db"."file_deliveries" ADD CONSTRAINT "file_deliveries_file_id_files_id_fk" FOREIGN KEY ("file_id") REFERENCES "synapscale_db"."files"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "synapscale_db"."file_upload_parts" ADD CONSTRAINT "file_upload_parts_upload_id_file_uploads_id_fk" FOREIGN KEY ("upload_id") REFERENCES "synapscale_db"."file_uploads"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "synapscale_db"."files" ADD CONSTRAINT "files_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "synapscale_db"."workspaces"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "file_deliveries_age_idx" ON "synapscale_db"."file_deliveries" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "file_uploads_expiry_idx" ON "synapscale_db"."file_uploads" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "files_list_idx" ON "synapscale_db"."files" USING btree ("workspace_id","created_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE UNIQUE INDEX "files_blob_key" ON "synapscale_db"."files" USING btree ("blob_id");--> statement-breakpoint
CREATE INDEX "files_size_idx" ON "synapscale_db"."files" USING btree ("workspace_id","size");--> statement-breakpoint
CREATE INDEX "files_folder_idx" ON "synapscale_db"."files" USING btree ("workspace_id","folder" text_pattern_ops);